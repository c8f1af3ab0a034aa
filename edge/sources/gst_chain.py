# SPDX-License-Identifier: Apache-2.0
"""What GStreamer is asked to run: elements and their properties, made of typed fields and never of a user's text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from edge.errors import UsageError
from edge.sources.query import NumberOption, query_values

GstFormat = Literal["NV12", "BGR", "YUY2", "UYVY", "RGB", "GRAY8"]

_SIDE = NumberOption(16, 16384)
_MODE = {"width": _SIDE, "height": _SIDE, "fps": NumberOption(1, 1000, whole=False)}
_CSI_OPTIONS = {**_MODE, "flip": NumberOption(0, 7)}
_PATTERN_OPTIONS = {**_MODE, "pattern": NumberOption(0, 25)}
_SENSOR = NumberOption(0, 63)
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Element:
    """An element by the name of its factory; a property's value is set as it is, whatever it contains."""

    factory: str
    properties: Mapping[str, int | str | bool] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """How `gst-launch-1.0` takes it."""
        return [self.factory, *(f"{name}={_launch_value(value)}" for name, value in self.properties.items())]


@dataclass(frozen=True, slots=True)
class Caps:
    """What flows between two elements; None where anything may, and for the pixel format of JPEG pictures."""

    pixel_format: GstFormat | None
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None
    in_nvmm: bool = False

    @property
    def text(self) -> str:
        """GStreamer's own notation."""
        raw = "video/x-raw(memory:NVMM)" if self.in_nvmm else "video/x-raw"
        fields = ["image/jpeg"] if self.pixel_format is None else [raw, f"format={self.pixel_format}"]
        fields += [f"width={self.width_px}"] if self.width_px else []
        fields += [f"height={self.height_px}"] if self.height_px else []
        if self.fps:
            rate = _fraction(self.fps)
            fields.append(f"framerate={rate.numerator}/{rate.denominator}")
        return ",".join(fields)

    @property
    def words(self) -> list[str]:
        """How `gst-launch-1.0` takes it."""
        return [self.text]


@dataclass(frozen=True, slots=True)
class Chain:
    """Elements in a row, before the sink that pictures are read from; `fps` is their nominal rate, where it is known.

    `decodes` names the place of an element whose output appears only once it has seen its input.
    """

    name: str
    links: tuple[Element | Caps, ...]
    fps: float | None = None
    decodes: int | None = None

    @classmethod
    def from_uri(cls, uri: str) -> Chain:
        """Return what `csi:N[?width=&height=&fps=&flip=]`, `gst:test[?...&pattern=]` or `gst:file:PATH` stand for.

        Raises `UsageError`.
        """
        scheme, _, rest = uri.partition(":")
        if scheme == "csi":
            return _csi(uri, rest.partition("?")[0])
        kind, _, path = rest.partition(":")
        if kind == "file" and path:
            return _file(uri, Path(path))
        if kind.partition("?")[0] == "test":
            return _test(uri)
        raise UsageError(f"source {uri!r} must be gst:test[?width=&height=&fps=&pattern=] or gst:file:PATH")

    @property
    def launch(self) -> str:
        """A line for a shell that shows the same pictures in a window."""
        links = [*self.links, Element("videoconvert"), Element("autovideosink")]
        words = [word for link in links for word in ("!", *link.words)][1:]
        return " ".join(("gst-launch-1.0", *(word if word == "!" else shlex.quote(word) for word in words)))


def _csi(uri: str, sensor: str) -> Chain:
    number = _SENSOR.number_from(sensor)
    if number is None:
        raise UsageError(f"source {uri!r} must name a sensor by {_SENSOR}, as csi:0")
    values = query_values(uri, _CSI_OPTIONS)
    width, height, fps = _mode(uri, values, (1280, 720))
    links = (
        Element("nvarguscamerasrc", {"sensor-id": int(number)}),
        Caps("NV12", width, height, fps, in_nvmm=True),
        Element("nvvidconv", {"flip-method": int(values.get("flip", 0))}),
        Caps("NV12"),
    )
    return Chain(uri, links, fps)


def _test(uri: str) -> Chain:
    values = query_values(uri, _PATTERN_OPTIONS)
    width, height, fps = _mode(uri, values, (640, 480))
    source = Element("videotestsrc", {"is-live": True, "pattern": int(values.get("pattern", 0))})
    return Chain(uri, (source, Caps("NV12", width, height, fps)), fps)


def _file(uri: str, path: Path) -> Chain:
    links = (Element("filesrc", {"location": str(path)}), Element("decodebin"), Element("videoconvert"), Caps("BGR"))
    return Chain(uri, links, decodes=1)


def _mode(uri: str, values: Mapping[str, float], default_wh: tuple[int, int]) -> tuple[int, int, float]:
    width, height = int(values.get("width", default_wh[0])), int(values.get("height", default_wh[1]))
    if width % 2 or height % 2:
        raise UsageError(f"width and height in source {uri!r} must be even, got {width} x {height}")
    return width, height, values.get("fps", 30.0)


def _fraction(fps: float) -> Fraction:
    """Return a rate as television counts it, 30000/1001 for 29.97, or as near as thousandths are."""
    television = Fraction(round(fps) * 1000, 1001)
    return television if abs(fps - television) < 0.005 else Fraction(fps).limit_denominator(1000)


def _launch_value(value: int | str | bool) -> str:  # noqa: FBT001 - a property's
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
