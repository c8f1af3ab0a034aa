# SPDX-License-Identifier: Apache-2.0
"""Measured comparisons: accuracy and speed, ours and our peers'."""
