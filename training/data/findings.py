# SPDX-License-Identifier: Apache-2.0
"""`Finding`: one thing that is wrong in a data set; `CheckReport`: all of them, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.errors import SourceError

# In the order of the table; the first two stop a training, or leave it nothing to learn from.
KINDS = (
    "unreadable",
    "no training",
    "leak",
    "duplicate",
    "size",
    "empty box",
    "outside",
    "overlap",
    "keypoints",
    "gesture",
    "empty class",
    "no annotation",
)
BREAKING = frozenset(KINDS[:2])


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: `kind` is one of `KINDS`, `file` is relative to the data root, `what` is a sentence's rest."""

    kind: str
    dataset: str
    file: str
    what: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")

    def __str__(self) -> str:
        return f"{self.kind}: {self.file}: {self.what}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check looked at, pictures and hands by set, and what it found, the breaking findings first."""

    pictures: Mapping[str, int]
    hands: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def breaking(self) -> int:
        """How many findings stop a training."""
        return sum(finding.kind in BREAKING for finding in self.findings)

    @property
    def decision(self) -> str:
        """What the findings amount to, in one sentence."""
        if not self.findings:
            return "nothing is wrong"
        counts = Counter(finding.kind for finding in self.findings)
        named = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
        verdict = f"{self.breaking} of them stop a training" if self.breaking else "none of them stops a training"
        return f"{len(self.findings)} findings ({named}), {verdict}"

    @property
    def summary(self) -> str:
        """Everything in one line."""
        return f"data: {sum(self.pictures.values())} pictures, {sum(self.hands.values())} hands; {self.decision}"

    def counts(self) -> dict[str, Counter[str]]:
        """Return how many findings of which kind each set has."""
        found: dict[str, Counter[str]] = {name: Counter() for name in self.pictures}
        for finding in self.findings:
            found.setdefault(finding.dataset, Counter())[finding.kind] += 1
        return found

    def require_sound(self, *, strict: bool) -> None:
        """Raise `SourceError` where a training would stop, or, if `strict`, where anything is wrong."""
        if self.breaking or (strict and self.findings):
            hint = "" if self.breaking else ", or leave --strict out"
            raise SourceError(f"the data is refused: {self.decision}; mend what `edge-train data check` names{hint}")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        fields = ("kind", "dataset", "file", "what")
        return {
            "decision": self.decision,
            "breaking": self.breaking,
            "sets": [
                {"name": name, "pictures": count, "hands": self.hands.get(name, 0)}
                for name, count in self.pictures.items()
            ],
            "findings": [{field: getattr(finding, field) for field in fields} for finding in self.findings],
        }
