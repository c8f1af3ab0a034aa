# SPDX-License-Identifier: Apache-2.0
"""The GPU: a thin layer over CUDA, and the same layer on host memory that records what is asked of it."""

from __future__ import annotations
