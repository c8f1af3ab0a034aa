# SPDX-License-Identifier: Apache-2.0
"""One training task a file: how its batches are made, its loss and its validation."""
