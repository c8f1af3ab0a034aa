# SPDX-License-Identifier: Apache-2.0
"""One file a model that is measured: each gives the same `Detector` or `Classifier` face."""
