# SPDX-License-Identifier: Apache-2.0
"""Model definitions, datasets, losses, metrics and the training loop (workstation only)."""
