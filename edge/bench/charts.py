# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG, drawn from numbers; colours are the page's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from edge.bench.report import Distribution

WIDTH, HEIGHT = 560, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 22, 36
_TICKS = 5
Points = Sequence[tuple[float, float]]


def histogram(times: Distribution, *, unit: str = "ms") -> str:
    """Return how often which time was, with the percentiles marked."""
    end, most = times.edges_ms[-1], max(times.counts)
    x, y = _Scale((0, end), (_LEFT, WIDTH - _RIGHT)), _Scale((0, most), (HEIGHT - _BOTTOM, _TOP))
    bars = "".join(
        f'<rect class="bar" x="{x(low):.1f}" y="{y(count):.1f}" width="{max(x(high) - x(low) - 1, 0.5):.1f}"'
        f' height="{max(y(0) - y(count), 0):.1f}"><title>{low:.2f} to {high:.2f} {unit}: {count}</title></rect>'
        for low, high, count in zip(times.edges_ms, times.edges_ms[1:], times.counts, strict=False)
    )
    marks = ""
    for row, (name, value) in enumerate((("p50", times.p50), ("p95", times.p95), ("p99", times.p99))):
        marks += (
            f'<line class="mark" x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{_TOP - 10}" y2="{y(0):.1f}"/>'
            f'<text class="label" x="{min(x(value) + 4, WIDTH - 80):.1f}" y="{_TOP + 2 + 14 * row}">'
            f"{name} {value:.1f}</text>"
        )
    return _svg(_axes((0, end), (0, most), f"{unit}", "frames") + bars + marks)


def lines(series: Mapping[str, Points], *, across: str, up: str) -> str:
    """Return one line each of the named points (x, y), from 0 up."""
    points = [point for line in series.values() for point in line]
    span = (min(x for x, _ in points), max(x for x, _ in points) or 1.0)
    top = _round_up(max(y for _, y in points))
    x, y = _Scale(span, (_LEFT, WIDTH - _RIGHT)), _Scale((0, top), (HEIGHT - _BOTTOM, _TOP))
    drawn = ""
    for number, (name, line) in enumerate(series.items()):
        path = " ".join(f"{x(across):.1f},{y(value):.1f}" for across, value in line)
        drawn += f'<polyline class="line c{number}" points="{path}"/>'
        drawn += f'<text class="label t{number}" x="{_LEFT + 8 + 170 * number}" y="{_TOP - 8}">{escape(name)}</text>'
    return _svg(_axes(span, (0, top), across, up) + drawn)


def shares(parts: Mapping[str, float], *, unit: str = "ms") -> str:
    """Return a row a part, each as long as its value, in the order that they are given."""
    row_px, label_px, value_px = 26, 130, 90
    most = max(parts.values()) or 1.0
    x = _Scale((0, most), (0, WIDTH - label_px - value_px))
    rows = ""
    for number, (name, value) in enumerate(parts.items()):
        top = 6 + row_px * number
        rows += (
            f'<text class="label" x="{label_px - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="bar" x="{label_px}" y="{top + 1}" width="{max(x(value), 1):.1f}" height="{row_px - 8}"/>'
            f'<text class="label" x="{label_px + x(value) + 8:.1f}" y="{top + 14}">{value:.2f} {unit}</text>'
        )
    return _svg(rows, height=12 + row_px * len(parts))


def ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers from `low` to `high`."""
    step = 10 ** math.floor(math.log10(max(high - low, 1e-9) / _TICKS))
    step = next(step * factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= _TICKS)
    return [step * number for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _axes(across: tuple[float, float], up: tuple[float, float], name_x: str, name_y: str) -> str:
    x, y = _Scale(across, (_LEFT, WIDTH - _RIGHT)), _Scale(up, (HEIGHT - _BOTTOM, _TOP))
    grid: Iterable[str] = (
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        f'<text class="tick" x="{_LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
        for value in ticks(*up)
    )
    feet: Iterable[str] = (
        f'<text class="tick" x="{x(value):.1f}" y="{HEIGHT - _BOTTOM + 15}" text-anchor="middle">{value:g}</text>'
        for value in ticks(*across)
    )
    names = (
        f'<text class="axis" x="{WIDTH - _RIGHT}" y="{HEIGHT - 5}" text-anchor="end">{escape(name_x)}</text>'
        f'<text class="axis" x="4" y="{_TOP - 8}">{escape(name_y)}</text>'
    )
    return "".join((*grid, *feet, names))


class _Scale:
    """A linear map from numbers to pixels."""

    def __init__(self, domain: tuple[float, float], pixels: tuple[float, float]) -> None:
        self._low = domain[0]
        self._pixels = pixels[0]
        self._factor = (pixels[1] - pixels[0]) / (domain[1] - domain[0] or 1.0)

    def __call__(self, value: float) -> float:
        return self._pixels + (value - self._low) * self._factor


def _round_up(value: float) -> float:
    """Return a number a little above, so that a line does not touch the frame."""
    steps = ticks(0, max(value, 1e-6) * 1.1)
    return max(steps[-1] + (steps[1] - steps[0] if len(steps) > 1 else 0), value)


def _svg(content: str, *, height: int = HEIGHT) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{content}</svg>'
