# SPDX-License-Identifier: Apache-2.0
"""`EngineStore`: the folder in which engines are kept, each a plan with a sidecar that vouches for it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.engines.key import DIGEST_LETTERS, EngineKey
from edge.engines.lock import locked
from edge.engines.sidecar import (
    MAX_PLAN_BYTES,
    MAX_SIDECAR_BYTES,
    BuildNotes,
    Sidecar,
    json_from_sidecar,
    sidecar_from_json,
)
from edge.engines.trusted_files import PART, open_folder, read_trusted, write_trusted
from edge.errors import EngineError

if TYPE_CHECKING:
    from edge.engines.backend import Backend
    from edge.engines.healing_runner import HealingRunner

SCRATCH = ".build-"
_HASH_LETTERS = 12
# The names that a store gives. Its folder may be one of the user's that holds other files too.
_STEM = rf"[a-z0-9-]+-({'|'.join(get_args(Precision))})-[0-9a-f]{{{DIGEST_LETTERS}}}"
_SIDECAR_OR_PLAN = rf"{_STEM}(\.json|-[0-9a-f]{{{_HASH_LETTERS}}}\.plan)"
_OWN_FILE = re.compile(
    rf"{_SIDECAR_OR_PLAN}|\.({_SIDECAR_OR_PLAN}|timings-[0-9a-f]+\.cache)\.\w+{re.escape(PART)}", re.ASCII
)
_OWN_SCRATCH = re.compile(rf"{re.escape(SCRATCH)}\w{{8}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Engine:
    """A plan whose hash was checked, with what its sidecar says of it."""

    sidecar: Sidecar
    plan: bytes

    def __repr__(self) -> str:
        key = self.sidecar.key
        return f"Engine({self.sidecar.bundle} {key.precision}, {key.flavour} {key.version}, {len(self.plan)} bytes)"


def default_folder() -> Path:
    """Return `$EDGE_ENGINES`, or a folder in the cache that systemd gives a service, or in that of the user.

    Raises `EngineError` for a user without a home.
    """
    named = os.environ.get("EDGE_ENGINES")
    if named:
        return Path(named)
    given, _, _ = os.environ.get("CACHE_DIRECTORY", "").partition(":")
    try:
        cache = Path(given or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise EngineError("this user has no home to keep engines in; name a folder in EDGE_ENGINES") from error
    return cache / "edge-hands" / "engines"


class EngineStore:
    """Engines in `folder`, by default that of `default_folder`; the folder is this user's alone.

    The sidecar is what makes a plan an engine: it is written last and names the plan, so that an engine is there whole
    or not at all, and an older one stays until then. Raises `EngineError` for a folder that others may enter.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = default_folder() if folder is None else folder
        open_folder(self.folder)

    def open(
        self,
        bundle: Bundle,
        precision: Precision,
        find_backend: Callable[[], Backend],
        *,
        threads: int = 1,
        on_change: Callable[[str], None] = lambda _: None,
    ) -> HealingRunner:
        """Return a runner of `bundle` at once, on its engine or until that is built on ONNX Runtime.

        See `edge.engines.healing.open_healing`.
        """
        from edge.engines.healing import open_healing

        return open_healing(self, bundle, precision, find_backend, threads=threads, on_change=on_change)

    def find(self, bundle: Bundle, key: EngineKey) -> Engine | None:
        """Return the engine of `key`, None where there is none; its hash was checked, and nothing else read it.

        Raises `EngineError` with what is wrong with one that is damaged; building it again replaces it.
        """
        path = self._sidecar_path(bundle.manifest.name, key)
        return self._read(path, key) if os.path.lexists(path) else None

    def keep(self, bundle: Bundle, key: EngineKey, plan: bytes, notes: BuildNotes, *, tested: bool) -> Engine:
        """Keep `plan` as the engine of `key` in place of one that is there. Raises `OutputError`."""
        path = self._sidecar_path(bundle.manifest.name, key)
        digest = hashlib.sha256(plan).hexdigest()
        sidecar = Sidecar(
            bundle=bundle.manifest.name,
            bundle_version=bundle.manifest.version,
            key=key,
            plan=f"{path.stem}-{digest[:_HASH_LETTERS]}.plan",
            sha256=digest,
            bytes=len(plan),
            built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            tested=tested,
            notes=notes,
        )
        write_trusted(self.folder / sidecar.plan, plan)
        write_trusted(path, json_from_sidecar(sidecar))
        return Engine(sidecar, plan)

    def sidecars(self) -> tuple[Sidecar, ...]:
        """Return the sidecars of the folder that can be read, sorted by bundle and precision."""
        found = []
        for path in self.folder.glob("*.json"):
            with suppress(EngineError):
                found.append(self._read_sidecar(path))
        return tuple(sorted(found, key=lambda one: (one.bundle, one.key.precision, one.built)))

    def explain(self, bundle: Bundle, key: EngineKey) -> str:
        """Return in one sentence why there is an engine for `key` or none."""
        name = f"{bundle.manifest.name} in {key.precision}"
        try:
            engine = self.find(bundle, key)
        except EngineError as error:
            return f"the engine of {name} cannot be trusted: {error}"
        if engine is not None:
            return f"there is an engine of {name}, built {engine.sidecar.built}"
        others = [
            (key.differences(one.key), one)
            for one in self.sidecars()
            if one.bundle == bundle.manifest.name and one.key.precision == key.precision
        ]
        if not others:
            return f"no engine of {name} was built yet"
        differences, nearest = min(others, key=lambda pair: len(pair[0]))
        return f"the engine of {name} built {nearest.built} does not fit: it has {', '.join(differences)}"

    def prune(self, keep: Callable[[Sidecar], bool] = lambda _: True) -> tuple[str, ...]:
        """Delete engines that `keep` is false of, and leftovers; return the names of the files that went."""
        with self.lock():
            unwanted = [f"{_stem(one)}.json" for one in self.sidecars() if not keep(one)]
            for name in unwanted:
                (self.folder / name).unlink(missing_ok=True)
            return (*unwanted, *self.clear_leftovers())

    def lock(self, on_wait: Callable[[], None] = lambda: None) -> AbstractContextManager[None]:
        """Hold the store for building: one build at a time on a machine, as kernels are timed during it."""
        return locked(self.folder / "lock", on_wait=on_wait)

    def clear_leftovers(self) -> tuple[str, ...]:
        """Delete what no engine needs; return the names. Only for the holder of the lock.

        That is plans that no sidecar names, sidecars that cannot be read, and what builds left that were killed, each
        by the form of its name: files that are not the store's stay.
        """
        read = self.sidecars()
        needed = {name for one in read for name in (one.plan, f"{_stem(one)}.json")}
        gone = []
        for path in sorted(self.folder.iterdir()):
            if _OWN_SCRATCH.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif _OWN_FILE.fullmatch(path.name) and path.name not in needed:
                path.unlink(missing_ok=True)
            else:
                continue
            gone.append(path.name)
        return tuple(gone)

    def _sidecar_path(self, name: str, key: EngineKey) -> Path:
        return self.folder / f"{name}-{key.precision}-{key.digest}.json"

    def _read_sidecar(self, path: Path) -> Sidecar:
        return sidecar_from_json(read_trusted(path, max_bytes=MAX_SIDECAR_BYTES), origin=str(path))

    def _read(self, path: Path, key: EngineKey) -> Engine:
        sidecar = self._read_sidecar(path)
        if sidecar.key != key:
            raise EngineError(f"{path} was written for another key: {', '.join(key.differences(sidecar.key))}")
        plan = read_trusted(self.folder / sidecar.plan, max_bytes=min(sidecar.bytes, MAX_PLAN_BYTES))
        if len(plan) != sidecar.bytes or hashlib.sha256(plan).hexdigest() != sidecar.sha256:
            raise EngineError(
                f"{self.folder / sidecar.plan} is not the plan that was built: {len(plan)} bytes of {sidecar.bytes},"
                " or other ones"
            )
        return Engine(sidecar, plan)


def _stem(sidecar: Sidecar) -> str:
    return f"{sidecar.bundle}-{sidecar.key.precision}-{sidecar.key.digest}"
