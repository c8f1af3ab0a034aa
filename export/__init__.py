# SPDX-License-Identifier: Apache-2.0
"""From a trained checkpoint to a verified bundle (workstation only)."""
