# SPDX-License-Identifier: Apache-2.0
"""Write the tables of the documents from the stored results: `python -m benchmarks.tables`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENTS = ("README.md", "docs/benchmarks.md")
GROUPS = {"group:hands": "hand sets", "group:people": "people sets"}
HANDEDNESS = {
    "accuracy": "handedness: accuracy",
    "macro_f1": "handedness: macro F1",
    "larger_share": "handedness: share of the larger class",
}
RATES = ("ap50", "recall", "precision")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def stored(kind: str, key: str, results: Path) -> dict[str, Any]:
    """Return what is stored under `key` in our own and the peers' files of a kind, by the name of the model."""
    files = [path for path in (results / f"{kind}.json", results / f"peers_{kind}.json") if path.exists()]
    return {name: entry for path in files for name, entry in json.loads(path.read_text("utf-8"))[key].items()}


def detector_groups(results: Path) -> str:
    """Return the accuracy of every detector on the groups of sets, a row a detector."""
    rows = [
        [name, *(f"{entry['sets'][group][rate]:.2f}" for group in GROUPS for rate in RATES)]
        for name, entry in stored("detector", "detectors", results).items()
    ]
    return table(
        ["detector", *(f"{group}: {rate}" for group in GROUPS.values() for rate in ("AP50", *RATES[1:]))], rows
    )


def detector_sets(results: Path) -> str:
    """Return AP50, recall and precision of every detector on every set, a row a set."""
    detectors = stored("detector", "detectors", results)
    first = next(iter(detectors.values()))["sets"]
    rows = [
        [
            GROUPS.get(name, f"`{name}`"),
            str(score["pictures"]),
            str(score["hands"]),
            *(" / ".join(f"{entry['sets'][name][rate]:.2f}" for rate in RATES) for entry in detectors.values()),
        ]
        for name, score in first.items()
    ]
    return table(["set", "pictures", "hands", *detectors], rows)


def detector_extents(results: Path) -> str:
    """Return the recall of every detector by the extent of the hand, a row a group and extent."""
    detectors = stored("detector", "detectors", results)
    first = next(iter(detectors.values()))["sets"]
    rows = [
        [
            label,
            extent,
            str(score["hands"]),
            *(f"{entry['sets'][group]['recall_by_extent'][extent]['recall']:.2f}" for entry in detectors.values()),
        ]
        for group, label in GROUPS.items()
        for extent, score in first[group]["recall_by_extent"].items()
    ]
    return table(["sets", "extent", "hands", *detectors], rows)


def gestures(results: Path) -> str:
    """Return macro F1 and handedness of every classifier, a row a classifier; handedness where some result has it."""
    scores = [
        (name, boxes, score)
        for name, entry in stored("gesture", "classifiers", results).items()
        for boxes, score in entry["boxes"].items()
    ]
    sides = HANDEDNESS if any("handedness" in score for _, _, score in scores) else {}
    rows = [
        [
            name,
            boxes,
            str(score["hands"]),
            str(score["found"]),
            f"{score['macro_f1']:.2f}",
            f"{score['macro_f1_found']:.2f}",
            *(f"{score['handedness'][rate]:.2f}" if "handedness" in score else "" for rate in sides),
        ]
        for name, boxes, score in scores
    ]
    return table(["classifier", "boxes", "hands", "found", "macro F1", "macro F1 of the found", *sides.values()], rows)


def keypoints(results: Path) -> str:
    """Return PCK of every keypoint model on the groups of sets, a row a group and way of finding the hands."""
    rows = [
        [
            name,
            label,
            boxes,
            str(of_set[group]["hands"]),
            str(of_set[group]["found"]),
            *(f"{of_set[group][rate][share]:.2f}" for rate in ("pck", "pck_found") for share in ("0.05", "0.1")),
        ]
        for name, entry in stored("keypoints", "models", results).items()
        for group, label in GROUPS.items()
        for boxes, of_set in entry["boxes"].items()
    ]
    rates = ("PCK@0.05", "PCK@0.1", "PCK@0.05 of the found", "PCK@0.1 of the found")
    return table(["model", "sets", "boxes", "hands", "found", *rates], rows)


def speed(results: Path) -> str:
    """Return what was compared with what, a row a comparison; frames and hands on each side where they were counted."""
    compared = measured_speed(results)["comparisons"]
    counts = ("frames", "hands") if any("ours_seen" in row for row in compared) else ()
    rows = [
        [
            row["subject"],
            f"{row['ours']}: {row['our_value']:.3g} {row['unit']}",
            f"{row['theirs']}: {row['their_value']:.3g} {row['unit']}",
            f"{row['times_as_fast']:.2f}",
            *(_both_seen(row, count) for count in counts),
        ]
        for row in compared
    ]
    heads = (f"{count}, ours / theirs" for count in counts)
    return table(["compared", "ours", "theirs", "times as fast", *heads], rows)


def _both_seen(row: dict[str, Any], count: str) -> str:
    sides = [row.get(side, {}).get(count, "?") for side in ("ours_seen", "theirs_seen")]
    return " / ".join(map(str, sides)) if "ours_seen" in row else ""


def footprint(results: Path) -> str:
    """Return start times and memory."""
    measured = measured_speed(results)["footprint"]
    rows = [
        ["`import edge`", f"{measured['import_ms']:.0f} ms"],
        ["`edge-run --help`", f"{measured['help_ms']:.0f} ms"],
        ["resident memory of `edge-run` on 1280x720, at most", f"{measured['peak_mb']:.0f} MiB"],
        [f"second tenth of {measured['frames']:.0f} frames", f"{measured['early_mb']:.0f} MiB"],
        ["their last tenth", f"{measured['late_mb']:.0f} MiB"],
    ]
    return table(["what", "measured"], rows)


def measured_speed(results: Path) -> dict[str, Any]:
    """Return the stored speed results."""
    measured: dict[str, Any] = json.loads((results / "speed.json").read_text("utf-8"))
    return measured


TABLES: dict[str, Callable[[Path], str]] = {
    "detector-groups": detector_groups,
    "detector-sets": detector_sets,
    "detector-extents": detector_extents,
    "gestures": gestures,
    "keypoints": keypoints,
    "speed": speed,
    "footprint": footprint,
}


def with_tables(text: str, results: Path = RESULTS) -> str:
    """Return `text` with what stands between `<!-- table: NAME -->` and `<!-- end -->` made anew.

    What was not measured has no table.
    """

    def made_anew(match: re.Match[str]) -> str:
        try:
            made = f"\n{TABLES[match[1]](results)}\n"
        except FileNotFoundError:
            made = ""
        return f"<!-- table: {match[1]} -->\n{made}<!-- end -->"

    return re.sub(r"<!-- table: ([a-z-]+) -->.*?<!-- end -->", made_anew, text, flags=re.DOTALL)


def main() -> None:
    """Rewrite the documents in place."""
    for name in DOCUMENTS:
        path = ROOT / name
        path.write_text(with_tables(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
