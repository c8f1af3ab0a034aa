# SPDX-License-Identifier: Apache-2.0
"""Engines: models as TensorRT compiled them for one machine, disposable and built again when anything changes."""
