# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of other projects as checkpoints of `edge-train`; one project a file."""
