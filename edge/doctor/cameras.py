# SPDX-License-Identifier: Apache-2.0
"""What each camera offers, or who holds it, and the line of GStreamer that shows its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from edge.doctor.finding import Finding, Status, finding_from_error
from edge.errors import DependencyError
from edge.machine.board import find_board
from edge.sources.gst_chain import Caps, Chain, Element, GstFormat
from edge.sources.gst_library import load_gst
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.v4l2 import cameras, stable_name
from edge.sources.v4l2_device import V4l2Device
from edge.sources.v4l2_modes import Mode, choose_mode, formats, rates, sizes
from edge.sources.v4l2_settings import V4l2Settings

_GST_FORMATS: dict[str, GstFormat] = {
    "NV12": "NV12",
    "YUYV": "YUY2",
    "UYVY": "UYVY",
    "BGR3": "BGR",
    "RGB3": "RGB",
    "GREY": "GRAY8",
}


def examine_cameras(wanted: Path | None) -> Iterator[Finding]:
    """Yield GStreamer, then each camera; `wanted` must be one that is free."""
    yield _examine_gst()
    nodes = [wanted if wanted is not None and node == wanted.resolve() else node for node in cameras()]
    sensors = 0
    for node in nodes if wanted is None or wanted in nodes else [*nodes, wanted]:
        fault: Status = "problem" if node == wanted else "note"
        try:
            with closing(V4l2Device(node)) as device:
                yield Finding("cameras", str(node), _told(device))
                chain = _chain(device, sensors)
        except ReaderError as error:
            yield finding_from_error("cameras", str(node), error, status=fault)
        else:
            sensors += chain.name.startswith("csi:")
            yield Finding("cameras", f"{node} in GStreamer", chain.launch)


def _examine_gst() -> Finding:
    try:
        return Finding("cameras", "GStreamer", str(load_gst().gst.version_string()))
    except DependencyError as error:
        return finding_from_error("cameras", "GStreamer", error, status="note" if find_board() else "ok")


def _told(device: V4l2Device) -> str:
    """Return a camera's stable name and its formats, each with its sizes and their highest rates."""
    offered = []
    for fourcc in formats(device):
        modes = []
        for size in sizes(device, fourcc):
            highest = next(iter(rates(device, fourcc, *size.high_wh)), None)
            modes.append(f"{size}" if highest is None else f"{size} to {float(highest):.4g} fps")
        offered.append(f"{fourcc} {', '.join(modes)}".rstrip())
    name = stable_name(device.path)
    return "; ".join([*([] if name is None else [str(name)]), *offered]) or "no formats"


def _chain(device: V4l2Device, sensors: int) -> Chain:
    """Return how GStreamer reads what `edge-run` would choose; a camera of raw pictures alone is a CSI sensor."""
    usual = V4l2Settings(device.path)
    try:
        mode = choose_mode(device, usual.width_px, usual.height_px, usual.fps)
    except ReaderError as error:
        if error.reason is not FaultReason.codec:
            raise
        return Chain.from_uri(f"csi:{sensors}")
    return _chain_from_mode(device.path, mode)


def _chain_from_mode(device: Path, mode: Mode) -> Chain:
    rate = None if mode.fps is None else float(mode.fps)
    caps = Caps(_GST_FORMATS.get(mode.fourcc), mode.width_px, mode.height_px, rate)
    decoding = () if mode.fourcc in _GST_FORMATS else (Element("jpegdec"),)
    return Chain(f"v4l2:{device}", (Element("v4l2src", {"device": str(device)}), caps, *decoding))
