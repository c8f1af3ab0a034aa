# SPDX-License-Identifier: Apache-2.0
"""`Provenance`: where a model comes from and under which licences it may be used."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from edge.strict_model import StrictModel


class DataSource(StrictModel):
    """A data set that the weights learned from."""

    name: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    source: str | None = None
    pictures: int | None = Field(default=None, ge=0)


class Teacher(StrictModel):
    """A model whose answers the weights learned from; `use` says how, for example "pseudo-labels"."""

    name: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    use: str = Field(min_length=1)
    source: str | None = None


class Provenance(StrictModel):
    """Licences (SPDX expressions or plain words), data, teachers, and what is needed to train and export again.

    `recipe` is the complete recipe of the training, `commit` the revision of the training code, `tools` the versions
    of the packages that made the files.
    """

    code_licence: str = Field(min_length=1)
    weights_licence: str = Field(min_length=1)
    data: tuple[DataSource, ...]
    teachers: tuple[Teacher, ...] = ()
    recipe: dict[str, Any] | None = None
    seed: int | None = None
    commit: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$")
    tools: dict[str, str] = Field(default_factory=dict)
