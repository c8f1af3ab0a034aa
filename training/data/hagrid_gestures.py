# SPDX-License-Identifier: Apache-2.0
"""The gestures of HaGRID, and in which order its published networks answer.

Sources: `classifier/config/default.yaml` (v1) and `configs/*.yaml` (v2) of https://github.com/hukenovs/hagrid.
"""

from __future__ import annotations

from edge.gesture import NO_GESTURE

HAGRID_V1_GESTURES = (
    "call", "dislike", "fist", "four", "like", "mute", "ok", "one", "palm", "peace", "peace_inverted", "rock", "stop",
    "stop_inverted", "three", "three2", "two_up", "two_up_inverted", NO_GESTURE,
)  # fmt: skip
V1_OUTPUTS = (
    "call", "dislike", "fist", "four", "like", "mute", "ok", "one", "palm", "peace", "rock", "stop", "stop_inverted",
    "three", "two_up", "two_up_inverted", "three2", "peace_inverted", NO_GESTURE,
)  # fmt: skip
# In the order of its networks.
HAGRID_V2_GESTURES = (
    "grabbing", "grip", "holy", "point", "call", "three3", "timeout", "xsign", "hand_heart", "hand_heart2",
    "little_finger", "middle_finger", "take_picture", "dislike", "fist", "four", "like", "mute", "ok", "one", "palm",
    "peace", "peace_inverted", "rock", "stop", "stop_inverted", "three", "three2", "two_up", "two_up_inverted",
    "three_gun", "thumb_index", "thumb_index2", NO_GESTURE,
)  # fmt: skip
