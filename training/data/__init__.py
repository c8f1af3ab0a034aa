# SPDX-License-Identifier: Apache-2.0
"""Annotated pictures: readers of the published layouts and what the recipes make of them."""
