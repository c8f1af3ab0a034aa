# SPDX-License-Identifier: Apache-2.0
"""Live sources under faults, for as long as one likes."""
