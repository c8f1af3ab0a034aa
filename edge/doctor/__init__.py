# SPDX-License-Identifier: Apache-2.0
"""What a machine is, what of it works, and how to mend what does not."""
