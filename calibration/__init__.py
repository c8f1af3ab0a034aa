# SPDX-License-Identifier: Apache-2.0
"""From a verified bundle to one that also holds the model in FP16 and INT8, each measured (workstation only)."""
