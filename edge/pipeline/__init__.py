# SPDX-License-Identifier: Apache-2.0
"""From frames to results, with stages overlapping."""
