# SPDX-License-Identifier: Apache-2.0
"""Labels by models: what bundles find in pictures, as a COCO set for a person to review."""
