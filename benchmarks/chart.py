# SPDX-License-Identifier: Apache-2.0
"""Draw the README's chart of speed from the stored results: `python -m benchmarks.chart`."""

from __future__ import annotations

import json
from collections import defaultdict
from html import escape
from statistics import geometric_mean
from typing import Any

from benchmarks.tables import RESULTS, ROOT

CHART = ROOT / "docs" / "images" / "speed.svg"
WIDTH_PX, ROW_PX, LABEL_PX, VALUE_PX, TOP_PX = 860, 34, 370, 70, 44
_STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#475467}.title{font-size:15px;font-weight:600}"
    ".ours{fill:#2f6fde}.peer{fill:#98a2b3}@media(prefers-color-scheme:dark){text{fill:#d0d5dd}}"
)


def ratios(stored: dict[str, Any]) -> dict[str, float]:
    """Return how many times as fast `edge-run` is as each peer, the geometric mean over the videos."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for row in stored["comparisons"]:
        if row["ours"] == "edge-run":
            found[row["theirs"]].append(row["times_as_fast"])
    return {peer: geometric_mean(values) for peer, values in found.items()}


def svg_from_ratios(times_as_fast: dict[str, float]) -> str:
    """Return bars of relative speed, `edge-run` being 1."""
    rows = {"edge-run": 1.0} | {peer: 1 / ratio for peer, ratio in times_as_fast.items()}
    longest = max(rows.values())
    drawn = ""
    for number, (name, speed) in enumerate(sorted(rows.items(), key=lambda row: -row[1])):
        top = TOP_PX + ROW_PX * number
        length = (WIDTH_PX - LABEL_PX - VALUE_PX) * speed / longest
        kind = "ours" if name == "edge-run" else "peer"
        drawn += (
            f'<text x="{LABEL_PX - 12}" y="{top + 17}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{kind}" x="{LABEL_PX}" y="{top}" width="{length:.1f}" height="{ROW_PX - 10}" rx="3"/>'
            f'<text x="{LABEL_PX + length + 8:.1f}" y="{top + 17}">{speed:.2f}</text>'
        )
    height_px = TOP_PX + ROW_PX * len(rows) + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height_px}" role="img">'
        f"<style>{_STYLE}</style>"
        '<text class="title" x="12" y="22">Frames a second on videos, decoding included, edge-run = 1</text>'
        f"{drawn}</svg>\n"
    )


def main() -> None:
    """Write the chart of what is stored."""
    stored = json.loads((RESULTS / "speed.json").read_text("utf-8"))
    CHART.write_text(svg_from_ratios(ratios(stored)), "utf-8")


if __name__ == "__main__":
    main()
