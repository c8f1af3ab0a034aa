# SPDX-License-Identifier: Apache-2.0
"""Bundles: a folder with a model and everything a device needs to know about it."""

from __future__ import annotations

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import Manifest

__all__ = ["Bundle", "Manifest"]
