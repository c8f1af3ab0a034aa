# SPDX-License-Identifier: Apache-2.0
"""The one parameter of each CUDA kernel; `edge/native/cuda/parameters.hpp` says what the fields mean."""

from __future__ import annotations

from ctypes import Structure, c_double, c_float, c_int, c_int64, c_void_p

MOST_LEVELS = 8
MOST_CANDIDATES = 1024
MOST_SHRINKAGE = 256
NOT_FINITE = 1


class Picture(Structure):
    """A view of 8-bit pixels."""

    _fields_ = (
        ("pixels", c_void_p),
        ("chroma", c_void_p),
        ("row_stride", c_int64),
        ("column_stride", c_int64),
        ("channel_stride", c_int64),
        ("width", c_int),
        ("height", c_int),
        ("format", c_int),
    )


class AffineMap(Structure):
    """Two rows of three, as `edge.geometry.Affine`."""

    _fields_ = (("values", c_double * 6),)


class Axis(Structure):
    """One axis of an axis-aligned warp in whole numbers."""

    _fields_ = (
        ("step", c_int64),
        ("first", c_int64),
        ("between", c_int64),
        ("centre", c_int64),
        ("samples", c_int),
        ("source_length", c_int),
        ("whole", c_int),
    )


class TensorView(Structure):
    """(count, channels, height, width)."""

    _fields_ = (
        ("values", c_void_p),
        ("count", c_int),
        ("channels", c_int),
        ("height", c_int),
        ("width", c_int),
        ("dtype", c_int),
    )


class Levels(Structure):
    """Mean, standard deviation and padding of each channel, in units of 0..255."""

    _fields_ = (("mean", c_float * 3), ("std", c_float * 3), ("pad", c_float * 3), ("rgb", c_int))


class WarpFrame(Structure):
    """Of edge_warp_frame_*."""

    _fields_ = (
        ("picture", Picture),
        ("picture_bytes", c_int64),
        ("map", AffineMap),
        ("x", Axis),
        ("y", Axis),
        ("levels", Levels),
        ("out", TensorView),
        ("tile_px", c_int),
        ("rows_a_block", c_int),
        ("line_values", c_int),
    )


class WarpCrops(Structure):
    """Of edge_warp_crops_*."""

    _fields_ = (
        ("picture", Picture),
        ("boxes", c_void_p),
        ("count", c_void_p),
        ("maps", c_void_p),
        ("fault", c_void_p),
        ("margin", c_double),
        ("levels", Levels),
        ("out", TensorView),
        ("rows_a_block", c_int),
        ("line_values", c_int),
    )


class LevelView(Structure):
    """(pictures, 5, height, width)."""

    _fields_ = (("values", c_void_p), ("height", c_int), ("width", c_int), ("stride", c_int))


class DecodeBoxes(Structure):
    """Of edge_decode_boxes."""

    _fields_ = (
        ("levels", LevelView * MOST_LEVELS),
        ("picture_from_input", AffineMap),
        ("boxes", c_void_p),
        ("scores", c_void_p),
        ("counts", c_void_p),
        ("level_count", c_int),
        ("dtype", c_int),
        ("pictures", c_int),
        ("min_score", c_float),
        ("iou", c_float),
        ("max_candidates", c_int),
        ("max_hands", c_int),
        ("width", c_int),
        ("height", c_int),
    )


class LocateSimcc(Structure):
    """Of edge_locate_simcc."""

    _fields_ = (
        ("x", c_void_p),
        ("y", c_void_p),
        ("maps", c_void_p),
        ("count", c_void_p),
        ("keypoints", c_void_p),
        ("fault", c_void_p),
        ("reach_px", c_double),
        ("x_bins_a_px", c_double),
        ("y_bins_a_px", c_double),
        ("hands", c_int),
        ("points", c_int),
        ("x_bins", c_int),
        ("y_bins", c_int),
        ("dtype", c_int),
    )


class Classify(Structure):
    """Of edge_best_classes and edge_probability_of."""

    _fields_ = (
        ("logits", c_void_p),
        ("count", c_void_p),
        ("ids", c_void_p),
        ("scores", c_void_p),
        ("fault", c_void_p),
        ("rows", c_int),
        ("classes", c_int),
        ("index", c_int),
        ("dtype", c_int),
    )


class JoinSecondLook(Structure):
    """Of edge_join_second_look."""

    _fields_ = (
        ("boxes", c_void_p),
        ("scores", c_void_p),
        ("presence", c_void_p),
        ("count", c_void_p),
        ("kept_rows", c_void_p),
        ("kept_scores", c_void_p),
        ("kept_boxes", c_void_p),
        ("kept_count", c_void_p),
        ("fault", c_void_p),
        ("trust", c_double),
        ("rows", c_int),
        ("min_score", c_float),
        ("same", c_float),
    )


class LocatePeaks(Structure):
    """Of edge_locate_peaks."""

    _fields_ = (
        ("heat", c_void_p),
        ("maps", c_void_p),
        ("count", c_void_p),
        ("keypoints", c_void_p),
        ("fault", c_void_p),
        ("hands", c_int),
        ("points", c_int),
        ("height", c_int),
        ("width", c_int),
        ("input_height", c_int),
        ("input_width", c_int),
        ("reach", c_int),
        ("dtype", c_int),
    )


class LabelMasks(Structure):
    """Of edge_label_masks."""

    _fields_ = (
        ("logits", c_void_p),
        ("count", c_void_p),
        ("labels", c_void_p),
        ("cells_from_output", c_float * 6),
        ("rows", c_int),
        ("classes", c_int),
        ("height", c_int),
        ("width", c_int),
        ("out_height", c_int),
        ("out_width", c_int),
        ("dtype", c_int),
    )


class NormaliseKeypoints(Structure):
    """Of edge_normalise_keypoints."""

    _fields_ = (
        ("keypoints", c_void_p),
        ("count", c_void_p),
        ("points", c_void_p),
        ("hands", c_int),
        ("upright", c_int),
        ("one_sided", c_int),
        ("dtype", c_int),
    )
