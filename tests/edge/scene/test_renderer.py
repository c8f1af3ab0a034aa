# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge import _native
from edge.scene.capsule import CAPSULE_COLUMNS, Part, capsule_row
from edge.scene.skin import skin_maps
from tests.edge.scene.posing import LAMP

SIDE_PX, FOCAL_PX, DEPTH_MM, RADIUS_MM = 64, 80.0, 500.0, 100.0


def ball(*, depth_mm: float = DEPTH_MM, samples: int = 1, colour: float = 0.4) -> dict[str, Any]:
    """Return the arguments that draw one ball of cloth in the middle of a black picture."""
    centre = np.array([0.0, 0.0, depth_mm])
    capsule = capsule_row(centre, centre * 1.000001, (RADIUS_MM, RADIUS_MM), blend=1.0, part=Part.PALM)
    row = np.zeros((1, 36), np.float32)
    row[0, :5] = 0, 1, 1.0, 1e6, samples
    row[0, 8:20] = [1, 0, 0, 0, -1, 0, 0, 0, -1, 0, 1, 0]
    row[0, 20:32] = colour
    return {
        "picture": np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8),
        "ids": np.zeros((SIDE_PX, SIDE_PX), np.uint8),
        "depth_mm": np.full((SIDE_PX, SIDE_PX), np.inf, np.float32),
        "bones": np.array([capsule], np.float32),
        "hands": row,
        "maps": [skin_maps(0).levels[0]],
        "light": LAMP.row().astype(np.float32),
        "lens": np.array([FOCAL_PX, SIDE_PX / 2, SIDE_PX / 2], np.float32),
    }


@pytest.mark.parametrize("samples", [1, 2])
def test_a_ball_is_drawn_where_geometry_puts_it(samples: int) -> None:
    arguments = ball(samples=samples)
    _native.render_hands(**arguments)
    # The outline of a ball is the cone that touches it.
    radius_px = FOCAL_PX * RADIUS_MM / np.sqrt(DEPTH_MM**2 - RADIUS_MM**2)
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX] + 0.5 - SIDE_PX / 2
    expected = np.hypot(x, y) < radius_px
    wrong = expected != (arguments["ids"] == 1)
    assert (np.abs(np.hypot(x, y)[wrong] - radius_px) < 0.6).all()
    middle = arguments["depth_mm"][SIDE_PX // 2, SIDE_PX // 2]
    assert middle == pytest.approx(DEPTH_MM - RADIUS_MM, abs=2 * DEPTH_MM / FOCAL_PX)


def test_light_from_above_makes_the_top_brighter() -> None:
    arguments = ball()
    _native.render_hands(**arguments)
    column = arguments["picture"][:, SIDE_PX // 2].mean(axis=1)
    assert column[SIDE_PX // 2 - 10] > column[SIDE_PX // 2 + 10] + 10


def test_what_is_behind_something_nearer_stays_hidden() -> None:
    arguments = ball()
    arguments["depth_mm"][:, : SIDE_PX // 2] = 10.0
    _native.render_hands(**arguments)
    assert not arguments["ids"][:, : SIDE_PX // 2].any()
    assert not arguments["picture"][:, : SIDE_PX // 2].any()
    assert arguments["ids"][:, SIDE_PX // 2 :].any()


def test_what_is_behind_the_camera_is_not_drawn() -> None:
    arguments = ball(depth_mm=-500.0)
    _native.render_hands(**arguments)
    assert not arguments["picture"].any()


def test_edges_are_smooth() -> None:
    arguments = ball(colour=1.0)
    _native.render_hands(**arguments)
    levels = np.unique(arguments["picture"][SIDE_PX // 2 - 12 : SIDE_PX // 2, :, 1])
    assert len(levels) > 20


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("bones", np.zeros((1, CAPSULE_COLUMNS - 1), np.float32), r"bones must be \(P, 20\)"),
        ("bones", np.full((1, CAPSULE_COLUMNS), np.nan, np.float32), "bones must be finite"),
        ("hands", np.zeros((1, 36), np.float32), "1 to 64 rows of bones"),
        ("ids", np.zeros((3, 3), np.uint8), "height and width of the picture"),
        ("maps", [], "one entry a hand"),
        ("maps", [np.zeros((4, 8, 8, 5), np.uint8)], r"\(4, 256, 256, 5\)"),
        ("lens", np.zeros(3, np.float32), "lens must be focal length"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _native.render_hands(**{**ball(), name: value})


def test_grain_has_the_strength_asked_for_and_follows_its_seed() -> None:
    grey = np.full((120, 160, 3), 128, np.uint8)
    grained = [grey.copy() for _ in range(3)]
    for picture, seed in zip(grained, (1, 1, 2), strict=True):
        _native.add_grain(picture, 6.0, seed)
    difference = grained[0].astype(float) - 128
    assert abs(difference.mean()) < 0.2
    assert difference.std() == pytest.approx(6.0, rel=0.05)
    assert np.array_equal(grained[0], grained[1])
    assert abs(np.corrcoef(difference.ravel(), grained[2].astype(float).ravel() - 128)[0, 1]) < 0.02


def test_grain_stays_within_bytes() -> None:
    for value in (0, 255):
        picture = np.full((32, 32, 3), value, np.uint8)
        _native.add_grain(picture, 8.0, 3)
        assert abs(picture.astype(int) - value).max() < 64
    with pytest.raises(ValueError, match="sigma"):
        _native.add_grain(np.zeros((4, 4, 3), np.uint8), -1.0, 0)
