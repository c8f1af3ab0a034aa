# SPDX-License-Identifier: Apache-2.0
"""`V4l2Settings`: which camera, and how it should deliver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import UsageError
from edge.sources.query import NumberOption, query_values
from edge.sources.v4l2_controls import KNOBS

if TYPE_CHECKING:
    from typing_extensions import Self

_MODE_OPTIONS = {
    "width": NumberOption(16, 16384),
    "height": NumberOption(16, 16384),
    "fps": NumberOption(1, 1000, whole=False),
}
_OPTIONS = {**_MODE_OPTIONS, **{name: knob.option for name, knob in KNOBS.items()}}


@dataclass(frozen=True, slots=True)
class V4l2Settings:
    """A camera and the mode that is wished for; it takes the nearest it has.

    Attributes:
        device: its node, or a link to it below `/dev/v4l/by-id` or `/dev/v4l/by-path`.
        controls: values by the names of `KNOBS` or by those of the driver, as `v4l2-ctl --list-ctrls` writes them.
    """

    device: Path
    width_px: int = 1280
    height_px: int = 720
    fps: float = 30.0
    controls: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_uri(cls, uri: str) -> Self:
        """Return what `v4l2:/dev/videoN[?width=&height=&fps=&exposure_ms=&gain=...]` says. Raises `UsageError`."""
        device = Path(uri.partition(":")[2].partition("?")[0])
        if not device.is_absolute():
            raise UsageError(f"source {uri!r} must name a device as v4l2:/dev/videoN or v4l2:/dev/v4l/by-id/...")
        values = query_values(uri, _OPTIONS)
        return cls(
            device,
            width_px=int(values.get("width", 1280)),
            height_px=int(values.get("height", 720)),
            fps=values.get("fps", 30.0),
            controls={name: value for name, value in values.items() if name in KNOBS},
        )
