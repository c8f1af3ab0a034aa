# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from edge.errors import UsageError
from edge.sources.open import open_source
from edge.sources.scene import SceneSource

TINY = "test:hands?width=64&height=48&fps=10"


def test_frames_are_those_of_the_scene_with_their_truth() -> None:
    with open_source(f"{TINY}&seconds=0.4&seed=7&hands=1") as source:
        assert isinstance(source, SceneSource)
        frames = list(source.frames())
        assert source.frame_count == len(frames) == 4
        assert (source.fps, source.live) == (10.0, False)
        for frame in frames:
            rendered = source.scene.render(frame.index / 10)
            assert np.array_equal(rendered.bgr, frame.pixels)
            assert len(rendered.truth) == 1
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.media_time_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert {(frame.width_px, frame.height_px) for frame in frames} == {(64, 48)}


def test_without_a_length_it_goes_on_until_closed() -> None:
    with open_source(TINY) as source:
        assert source.frame_count is None
        frames = source.frames()
        assert len(list(islice(frames, 12))) == 12
        source.close()
        assert list(frames) == []


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("test:cats", "unknown test pattern 'cats'.*the only one is test:hands"),
        ("test:hands?with=3", "did you mean 'width'"),
        ("test:hands?width=0", "'width'.*must be a whole number from 1 to 16384"),
        ("test:hands?fps=fast", "'fps'.*must be a number"),
        ("test:hands?hands=17", "'hands'.*from 0 to 16"),
    ],
)
def test_wrong_options_are_explained(uri: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_source(uri)
