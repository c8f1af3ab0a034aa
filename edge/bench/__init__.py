# SPDX-License-Identifier: Apache-2.0
"""How fast models and pipelines run on this machine, what that costs, and whether it became worse."""
