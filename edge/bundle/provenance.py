# SPDX-License-Identifier: Apache-2.0
"""`Provenance`: where a model comes from and under which licences it may be used."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from edge.strict_model import StrictModel


class DataSource(StrictModel):
    """A data set that the weights learned from, and how many of its pictures."""

    name: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    pictures: int | None = Field(default=None, ge=0)


class Provenance(StrictModel):
    """Licences (SPDX expressions or plain words), data, teachers, and what is needed to train and export again.

    `teachers` name the models whose answers the weights learned from, with revision and licence. `recipe` is the
    complete recipe of the training, `commit` the revision of its code ("-dirty" where files differed from it), `tools`
    the versions of what made the files.
    """

    code_licence: str = Field(min_length=1)
    weights_licence: str = Field(min_length=1)
    data: tuple[DataSource, ...]
    teachers: tuple[str, ...] = ()
    recipe: dict[str, Any] | None = None
    seed: int | None = None
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}(-dirty)?$")
    tools: dict[str, str] = Field(default_factory=dict)
