# SPDX-License-Identifier: Apache-2.0
"""A camera's knobs: exposure, gain and whatever else its driver names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.query import NumberOption
from edge.sources.v4l2_calls import QUERYCTRL, S_CTRL
from edge.sources.v4l2_device import V4l2Device

_NEXT = 0x80000000
_DISABLED = 0x0001
_READ_ONLY = 0x0004
_NUMERIC = {1, 2, 3, 9}  # integer, boolean, menu, integer menu
_MOST = 512


@dataclass(frozen=True, slots=True)
class Control:
    """A knob, its `name` as `v4l2-ctl` writes it, and the whole numbers that it takes."""

    number: int
    name: str
    low: int
    high: int
    step: int
    default: int


@dataclass(frozen=True, slots=True)
class Knob:
    """An option of a source's name that turns a standard control.

    Attributes:
        number: of the control.
        option: what may be written.
        scale: the control's units in one of the option's.
        manual: a control and its value that stop the camera from turning this one by itself.
    """

    number: int
    option: NumberOption
    scale: float = 1.0
    manual: tuple[int, int] | None = None


_ANY = NumberOption(-(2**31), 2**31 - 1)
KNOBS: Mapping[str, Knob] = {
    "brightness": Knob(0x00980900, _ANY),
    "contrast": Knob(0x00980901, _ANY),
    "saturation": Knob(0x00980902, _ANY),
    "gain": Knob(0x00980913, _ANY, manual=(0x00980912, 0)),
    "sharpness": Knob(0x0098091B, _ANY),
    "exposure_ms": Knob(0x009A0902, NumberOption(0.1, 10_000, whole=False), scale=10, manual=(0x009A0901, 1)),
    "white_balance_kelvin": Knob(0x0098091A, NumberOption(1000, 20_000), manual=(0x0098090C, 0)),
    "focus": Knob(0x009A090A, _ANY, manual=(0x009A090C, 0)),
    "power_line_hz": Knob(0x00980918, NumberOption(0, 60)),
}
"""Options of `v4l2:` that turn controls, by name."""

_POWER_LINE = {0: 0, 50: 1, 60: 2}


def controls(device: V4l2Device) -> Iterator[Control]:
    """Yield the controls of a camera that take a number. Raises `ReaderError`."""
    number = 0
    for _ in range(_MOST):
        answer = device.ask(QUERYCTRL, number | _NEXT, 0, b"", 0, 0, 0, 0, 0)
        if answer is None:
            return
        number, kind, name, low, high, step, default, flags = answer
        if kind in _NUMERIC and not flags & (_DISABLED | _READ_ONLY):
            told = name.partition(b"\0")[0].decode("ascii", errors="replace")
            yield Control(number, control_name(told), low, high, max(1, step), default)


def control_name(told: str) -> str:
    """Return a driver's name of a control as `v4l2-ctl` writes it: `Exposure Time, Absolute` is another's way."""
    return re.sub(r"[^a-z0-9]+", "_", told.lower()).strip("_")


def set_controls(device: V4l2Device, wanted: Mapping[str, float]) -> None:
    """Turn the knobs of `KNOBS` and the driver's own, by name.

    Raises:
        ReaderError: the camera has no such control, or not that value.
    """
    if not wanted:
        return
    offered = list(controls(device))
    by_number = {control.number: control for control in offered}
    by_name = {control.name: control for control in offered}
    for name, value in wanted.items():
        knob = KNOBS.get(name)
        control = by_name.get(name) if knob is None else by_number.get(knob.number)
        if control is None:
            raise _no_such_control(device, name, by_name)
        if knob is not None and knob.manual is not None and knob.manual[0] in by_number:
            device.order(S_CTRL, *knob.manual)
        device.order(S_CTRL, control.number, _value(device, control, name, value, 1.0 if knob is None else knob.scale))


def _value(device: V4l2Device, control: Control, name: str, value: float, scale: float) -> int:
    whole = _POWER_LINE.get(int(value), -1) if name == "power_line_hz" else round(value * scale)
    if not control.low <= whole <= control.high:
        expected = f"from {control.low / scale:g} to {control.high / scale:g}"
        expected = "50, 60 or 0 for neither" if name == "power_line_hz" else expected
        raise ReaderError(
            f"{name} of camera {device.name} must be {expected}, got {value:g}; choose a value that it has",
            reason=FaultReason.settings,
        )
    return whole


def _no_such_control(device: V4l2Device, name: str, by_name: Mapping[str, Control]) -> ReaderError:
    near = get_close_matches(name, by_name, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return ReaderError(
        f"camera {device.name} has no control {name}; {hint}it has {', '.join(sorted(by_name)) or 'none'}",
        reason=FaultReason.settings,
    )
