# SPDX-License-Identifier: Apache-2.0
"""Archives of published data sets, fetched from where their makers keep them."""
