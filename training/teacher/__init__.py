# SPDX-License-Identifier: Apache-2.0
"""Models by others that label pictures for ours: ai-forever/dynamic_gestures (Apache-2.0), trained on HaGRIDv2."""
