# SPDX-License-Identifier: Apache-2.0
"""Precisions a bundle may hold a model in."""

from __future__ import annotations

from typing import Literal

Precision = Literal["fp32", "fp16", "int8"]
