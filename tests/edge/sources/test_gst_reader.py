# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import shlex
import threading
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.errors import DependencyError
from edge.frame import PixelFormat
from edge.scene import Scene
from edge.sources import open_source
from edge.sources.gst_chain import Chain, Element
from edge.sources.gst_library import GstLibrary, load_gst
from edge.sources.gst_reader import GstReader, _build
from edge.sources.live_reader import FaultReason, ReaderError
from tests.conftest import CI


@pytest.fixture(scope="module", autouse=True)
def library() -> GstLibrary:
    try:
        return load_gst()
    except DependencyError as error:
        if CI:
            pytest.fail(str(error))
        pytest.skip(str(error))


def opened(uri: str) -> GstReader:
    return GstReader(Chain.from_uri(uri))


def fault_of(reader: GstReader) -> ReaderError:
    """Return what ends a reader's pictures."""
    try:
        while True:
            reader.read(5)
    except ReaderError as fault:
        return fault


def fault_of_uri(uri: str) -> ReaderError:
    """Return what ends a reader's pictures, or keeps it from starting."""
    try:
        with closing(opened(uri)) as reader:
            return fault_of(reader)
    except ReaderError as fault:
        return fault


@pytest.mark.parametrize("wh", [(320, 240), (322, 242)])
def test_pictures_are_those_of_the_pattern(wh: tuple[int, int]) -> None:
    with closing(opened(f"gst:test?width={wh[0]}&height={wh[1]}&pattern=4")) as reader:
        capture = reader.read(5)
        assert reader.fps == 30
    assert capture.pixel_format is PixelFormat.NV12
    bgr = cv2.cvtColor(np.ascontiguousarray(capture.pixels), cv2.COLOR_YUV2BGR_NV12)
    assert bgr.shape == (wh[1], wh[0], 3)
    assert np.abs(bgr.astype(int) - (0, 0, 255)).max() < 8, "pattern 4 is red"


def test_newest_picture_comes_with_the_time_of_its_capture() -> None:
    with closing(opened("gst:test?width=160&height=120&fps=100")) as reader:
        times_ns = [reader.read(5).time_ns for _ in range(5)]
        time.sleep(0.2)
        reader.read(5)
        late_ns = reader.read(5).time_ns
        assert 0 <= time.monotonic_ns() - late_ns < 0.1e9
    assert times_ns == sorted(set(times_ns))


def test_file_is_played_and_its_end_is_a_fault(tmp_path: Path) -> None:
    file, scene = tmp_path / 'hands" ! fakesink name="x.avi', Scene(162, 120)
    plain = tmp_path / "hands.avi"
    writer = cv2.VideoWriter(str(plain), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 30, (162, 120))
    for number in range(6):
        writer.write(scene.render(number / 30).bgr)
    writer.release()
    plain.rename(file)
    with closing(opened(f"gst:file:{file}")) as reader:
        capture = reader.read(5)
        end = fault_of(reader)
    assert (end.reason, "ended" in str(end)) == (FaultReason.ended, True)
    assert capture.pixel_format is PixelFormat.BGR
    assert np.abs(capture.pixels.astype(int) - scene.render(0).bgr).mean() < 8


def test_faults_have_their_reasons(tmp_path: Path) -> None:
    (tmp_path / "notes.avi").write_text("dear diary\n" * 100, encoding="utf-8")
    absent, strange = fault_of_uri(f"gst:file:{tmp_path}/gone.avi"), fault_of_uri(f"gst:file:{tmp_path}/notes.avi")
    assert (absent.reason, strange.reason) == (FaultReason.not_found, FaultReason.codec)
    assert "gone.avi" in str(absent)


def test_element_that_is_not_installed_is_named() -> None:
    if load_gst().gst.ElementFactory.find("nvarguscamerasrc") is not None:
        pytest.skip("this is a Jetson")
    with pytest.raises(DependencyError, match=r"nvarguscamerasrc, which only a Jetson has; .*nvidia-l4t-gstreamer"):
        open_source("csi:0")


def test_close_from_another_thread_ends_a_read_and_puts_the_pipeline_at_rest() -> None:
    reader = opened("gst:test?width=160&height=120&fps=1")
    reader.read(5)
    threading.Timer(0.1, reader.close).start()
    assert "was closed" in str(fault_of(reader))
    reader.close()
    assert reader._pipeline.get_state(0)[1] == load_gst().gst.State.NULL


def test_opening_and_closing_leaks_nothing() -> None:
    used = []
    gc.collect()
    for _ in range(12):
        with closing(opened("gst:test?width=160&height=120&fps=100")) as reader:
            reader.read(5)
        used.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    assert len(set(used[2:])) == 1


def test_live_source_goes_through_it() -> None:
    with open_source("gst:test?width=160&height=120&fps=100") as source:
        frames = source.frames()
        assert [next(frames).width_px for _ in range(3)] == [160] * 3


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
@example('a" ! filesink location="b')
@example("a\\\\")
@example("tee ! fakesink")
@settings(max_examples=50)
def test_pipeline_and_its_line_for_a_shell_are_the_same_whatever_the_path(path: str) -> None:
    gst = load_gst().gst
    chain = Chain.from_uri(f"gst:file:{path}")
    pipeline, _ = _build(load_gst(), chain)
    parsed = gst.parse_launchv(shlex.split(chain.launch)[1:5])
    for made in (pipeline, parsed):
        (source,) = [one for one in made.children if one.get_factory().get_name() == "filesrc"]
        assert source.get_property("location") == path
    factories = sorted(one.get_factory().get_name() for one in pipeline.children)
    expected = [link.factory for link in chain.links if isinstance(link, Element)]
    assert factories == sorted([*expected, "capsfilter", "appsink"])
    assert len(parsed.children) == 2
