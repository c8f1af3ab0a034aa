# SPDX-License-Identifier: Apache-2.0
"""Random changes to training pictures: placement, cut-outs, light and sensor."""
