# SPDX-License-Identifier: Apache-2.0
"""`edge-export --engine` and `edge-export engines`: engines of bundles on this machine."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of

if TYPE_CHECKING:
    from edge.bundle.bundle import Bundle
    from edge.engines.flavour import Flavour
    from edge.engines.here import Here
    from edge.engines.settings import EngineSettings
    from edge.engines.sidecar import Sidecar
    from edge.engines.store import Engine, EngineStore

PROGRAM = "edge-export"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

Store = Annotated[
    Path | None,
    typer.Option("--engines", metavar="DIR", help="Folder of engines.  [EDGE_ENGINES, or the user's cache]"),
]
Sm = Annotated[
    list[int] | None,
    typer.Option(metavar="N ...", help="Compute capabilities to build for without such a GPU, as 86 89.", min=10),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.callback()
def about() -> None:
    """Look after the engines that were built on this machine."""


@app.command("list", epilog=EXIT_CODES)
def list_engines(*, engines: Store = None, json: Json = False) -> None:
    """List the engines, and whether each may serve here."""
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _list(engines, as_json=json)))


@app.command(epilog=EXIT_CODES)
def prune(
    *,
    engines: Store = None,
    everything: Annotated[bool, typer.Option("--all", help="Delete all engines.")] = False,
    json: Json = False,
) -> None:
    """Delete engines that cannot serve here any more, and what unfinished builds left."""
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _prune(engines, everything=everything, as_json=json)))


@app.command(epilog=EXIT_CODES)
def explain(
    source: Annotated[str, typer.Argument(metavar="BUNDLE", help="Name of a shipped model, or folder of a bundle.")],
    *,
    engines: Store = None,
    sm: Sm = None,
    json: Json = False,
) -> None:
    """Say for each precision of BUNDLE why there is an engine for this machine, or none."""
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _explain(source, engines, tuple(sm or ()), as_json=json)))


def build_engines(
    bundle: Bundle, store_folder: Path | None, sms: Sequence[int], settings: EngineSettings, *, memory_mb: int | None
) -> list[Engine]:
    """Build or find the engine of every precision of `bundle`. Raises `EdgeError`."""
    from edge.cli.engine_progress import engine_progress
    from edge.cli.termination import leaving_on_termination
    from edge.engines.building import build_engine
    from edge.engines.here import find_here
    from edge.engines.key import key_from_bundle
    from edge.engines.making import ChildMaker
    from edge.engines.memory_limit import limit_from_machine
    from edge.engines.store import EngineStore

    here = find_here()
    flavour = _flavour(here, sms)
    store = EngineStore(store_folder)
    maker = ChildMaker(limit_from_machine(here.gpu, memory_mb=memory_mb))
    engines = []
    with leaving_on_termination():
        for precision in bundle.precisions:
            key = key_from_bundle(bundle, precision, flavour, gpu=here.gpu, sms=tuple(sms), settings=settings)
            title = f"{bundle.manifest.name} in {precision} with {flavour.title}"
            with engine_progress(title) as on_progress:
                engines.append(build_engine(store, bundle, key, maker, on_progress=on_progress))
    return engines


def print_engines(sidecars: Sequence[Sidecar], here: Here | None = None) -> None:
    """Print engines as a table; with `here`, also whether each may serve."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "bundle", "precision", "TensorRT", "for", "MB", "built, UTC", "took", *(("serves here",) if here else ())
    )
    for one in sidecars:
        key = one.key
        target = key.gpu or " ".join(f"sm {sm}" for sm in key.sms)
        row = [
            f"{one.bundle} {one.bundle_version}",
            key.precision,
            f"{key.flavour.removeprefix('tensorrt_')} {key.version}",
            target,
        ]
        row += [f"{one.bytes / 2**20:.1f}", one.built[:16].replace("T", " "), f"{one.notes.seconds:.1f} s"]
        table.add_row(*row, *((here.misfit(key) or "yes",) if here else ()))
    Console(width=max(Console().width, 120)).print(table)
    for one in sidecars:
        if one.notes.gpu_layers:
            print(f"{one.bundle} in {one.key.precision}, left to the GPU by the DLA: {', '.join(one.notes.gpu_layers)}")


def _flavour(here: Here, sms: Sequence[int]) -> Flavour:
    """Return what builds here: TensorRT for the GPU that is there, TensorRT-RTX for others."""
    from edge.engines.flavour import load_flavour

    return load_flavour("tensorrt_rtx" if sms or here.gpu is None else None)


def _store(folder: Path | None) -> EngineStore:
    from edge.engines.store import EngineStore

    return EngineStore(folder)


def _list(folder: Path | None, *, as_json: bool) -> int:
    from edge.engines.here import find_here

    store, here = _store(folder), find_here()
    sidecars = store.sidecars()
    if as_json:
        rows = [{**one.model_dump(mode="json", by_alias=True), "misfit": here.misfit(one.key)} for one in sidecars]
        _print_json({"folder": str(store.folder), "engines": rows})
    elif sidecars:
        print_engines(sidecars, here)
    else:
        print(f"no engines in {store.folder}; `edge-export BUNDLE --engine` builds them")
    return 0


def _prune(folder: Path | None, *, everything: bool, as_json: bool) -> int:
    from edge.engines.here import find_here

    store, here = _store(folder), find_here()
    gone = store.prune(lambda sidecar: not everything and here.misfit(sidecar.key) is None)
    if as_json:
        _print_json({"folder": str(store.folder), "deleted": list(gone)})
    else:
        print("\n".join(f"deleted {name}" for name in gone) or f"nothing to delete in {store.folder}")
    return 0


def _explain(source: str, folder: Path | None, sms: tuple[int, ...], *, as_json: bool) -> int:
    from edge.bundle.bundle import Bundle
    from edge.bundle.zoo import find_bundle
    from edge.engines.here import find_here
    from edge.engines.key import key_from_bundle

    here = find_here()
    bundle, store, flavour = Bundle.open(find_bundle(source)), _store(folder), _flavour(here, sms)
    told = {
        precision: store.explain(bundle, key_from_bundle(bundle, precision, flavour, gpu=here.gpu, sms=sms))
        for precision in bundle.precisions
    }
    if as_json:
        _print_json({"bundle": str(bundle.path), "engines": told})
    else:
        print("\n".join(told.values()))
    return 0


def _print_json(document: dict[str, Any]) -> None:
    print(json_module.dumps(document, allow_nan=False))
