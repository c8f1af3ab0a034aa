# SPDX-License-Identifier: Apache-2.0
"""One function for each CUDA kernel, which works out how it is launched.

Arguments named as arrays are device pointers, numbers; `edge/native/cuda/parameters.hpp` is the contract of what they
point to. `count`, where there is one, points to the number of rows to work on; 0 stands for all rows. `fault` points
to an int32 that the caller has set to 0, which a kernel sets to `NOT_FINITE` when a number is not finite; 0 for none.
All raise `UsageError` for sizes that a kernel cannot work with.
"""

from __future__ import annotations

from edge.gpu.classes import best_classes, label_masks, probability_of
from edge.gpu.points import locate_peaks, locate_simcc, normalise_keypoints
from edge.gpu.ranking import decode_boxes, join_second_look
from edge.gpu.warp import WARP_KERNELS, warp_crops, warp_frame

__all__ = [
    "KERNELS",
    "best_classes",
    "decode_boxes",
    "join_second_look",
    "label_masks",
    "locate_peaks",
    "locate_simcc",
    "normalise_keypoints",
    "probability_of",
    "warp_crops",
    "warp_frame",
]

# Each has a twin of the same name and parameter, `edge._native.run_kernel_twin`.
KERNELS = (
    *WARP_KERNELS,
    "edge_decode_boxes",
    "edge_locate_simcc",
    "edge_best_classes",
    "edge_probability_of",
    "edge_join_second_look",
    "edge_locate_peaks",
    "edge_label_masks",
    "edge_normalise_keypoints",
)
