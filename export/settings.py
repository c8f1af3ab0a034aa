# SPDX-License-Identifier: Apache-2.0
"""`ExportSettings`: what a user decides about an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Settings of one export."""

    to: Path = Path("bundles")
    """Folder that receives the bundle, as a folder of its name."""
    name: str | None = None
    """Name of the bundle; None takes the recipe's."""
    version: str = "1.0.0"
    """Version of the bundle, MAJOR.MINOR.PATCH."""
    description: str = ""
    """One sentence for those who choose a model."""
    data: Path | None = None
    """Folder of pictures to compare on; None compares on rendered scenes."""
    picture: Path | None = None
    """Picture of the self-test; None renders a scene."""
    accuracy: Path | None = None
    """JSON file with the accuracy card; None writes the validation metrics of the checkpoint."""
    weights_licence: str = "not stated"
    """Licence of the weights, an SPDX expression."""
    batch: int | None = None
    """A fixed batch; None leaves it free."""
    min_score: float | None = None
    """Score from which a detector reports a hand; None takes the recipe's."""
    presence_trust: float | None = None
    """How far the presence that the model tells changes a hand's score; None takes the recipe's."""
    pictures: int = 32
    """At most this many pictures are compared on."""
