# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shlex
import sys
from importlib.machinery import PathFinder

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.errors import DependencyError, UsageError
from edge.sources import gst_library
from edge.sources.gst_chain import Chain


def test_csi_camera_is_scaled_and_turned_by_the_jetson() -> None:
    chain = Chain.from_uri("csi:1?width=1920&height=1080&fps=29.97&flip=2")
    assert chain.launch == (
        "gst-launch-1.0 nvarguscamerasrc sensor-id=1 !"
        " 'video/x-raw(memory:NVMM),format=NV12,width=1920,height=1080,framerate=30000/1001' !"
        " nvvidconv flip-method=2 ! video/x-raw,format=NV12 ! videoconvert ! autovideosink"
    )
    assert chain.fps == 29.97


@pytest.mark.parametrize(
    "uri",
    [
        "csi:",
        "csi:x",
        "csi:0 ! filesink",
        "csi:0?flip=8",
        "csi:0?width=640x",
        "csi:0?width=641",
        "csi:0?sensor=1",
        "gst:",
        "gst:file:",
        "gst:filesrc location=/etc/passwd",
        "gst:test?pattern=99",
        "gst:testx",
    ],
)
def test_name_that_is_not_well_formed_is_a_usage_error(uri: str) -> None:
    with pytest.raises(UsageError, match="source"):
        Chain.from_uri(uri)


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1))
@example('a" ! filesink location="b')
@example("a ! fakesink")
@example("$(reboot)")
def test_no_path_adds_an_element(path: str) -> None:
    chain = Chain.from_uri(f"gst:file:{path}")
    assert [type(link).__name__ for link in chain.links] == ["Element", "Element", "Element", "Caps"]
    assert chain.links[1:] == Chain.from_uri("gst:file:x").links[1:]
    words = shlex.split(chain.launch)
    assert [place for place, word in enumerate(words) if word == "!"] == [3, 5, 7, 9, 11]


@given(st.text(min_size=1), st.sampled_from(["width", "height", "fps", "flip", "pattern"]))
@example("30,format=RGB", "fps")
@example("1 ! filesink location=x", "flip")
@settings(max_examples=50)
def test_no_option_adds_anything_but_a_number(value: str, option: str) -> None:
    for name in ("csi:0", "gst:test"):
        try:
            chain = Chain.from_uri(f"{name}?{option}={value}")
        except UsageError:
            continue
        assert len(chain.links) == len(Chain.from_uri(name).links)
        assert not set(chain.launch) - set(Chain.from_uri(name).launch) - set("0123456789")


def test_python_without_pygobject_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gi", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(PathFinder, "find_spec", lambda *_: None)
    with pytest.raises(DependencyError, match="PyGObject is not installed; sudo apt install python3-gi"):
        gst_library.load_gst.__wrapped__()
