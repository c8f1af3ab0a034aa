# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of published systems turned into those of `edge-train`; one file a system."""
