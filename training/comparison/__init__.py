# SPDX-License-Identifier: Apache-2.0
"""Several architectures of one recipe, trained and measured on the same pictures, as one report."""
