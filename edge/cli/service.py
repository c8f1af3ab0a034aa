# SPDX-License-Identifier: Apache-2.0
"""`edge-service`: a device that looks for hands from the start of the machine on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of

PROGRAM = "edge-service"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

_Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration in YAML.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be written and run, and change nothing.")]
_Root = Annotated[
    Path, typer.Option("--root", metavar="DIR", help="File tree of an image that is made, in place of this machine.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.callback(epilog=EXIT_CODES)
def service() -> None:
    """Run hand perception as a service of systemd."""


@app.command()
def install(
    *,
    config: _Config = None,
    user: Annotated[
        str | None, typer.Option(metavar="NAME", help="User that the service runs as.  [edge-hands, made if missing]")
    ] = None,
    dry_run: _DryRun = False,
    root: _Root = Path("/"),
) -> None:
    """Check the configuration, write unit, devices and configuration, and start the service now and at each boot."""

    def work() -> int:
        from edge.cli.service_install import install

        return install(config, user, root=root, dry_run=dry_run)

    raise typer.Exit(exit_code_of(PROGRAM, work))


@app.command()
def uninstall(
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Remove configuration, state, cache and user too.")] = False,
    dry_run: _DryRun = False,
    root: _Root = Path("/"),
) -> None:
    """Stop the service and remove it; its configuration and what it wrote stay."""

    def work() -> int:
        from edge.cli.service_install import uninstall

        return uninstall(root=root, purge=purge, dry_run=dry_run)

    raise typer.Exit(exit_code_of(PROGRAM, work))


@app.command()
def status(*, json: _Json = False) -> None:
    """Say what the service does; the exit code is 7 when it does not run."""

    def work() -> int:
        from edge.cli.service_status import status

        return status(json=json)

    raise typer.Exit(exit_code_of(PROGRAM, work))


@app.command()
def logs(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is logged from now on.")] = False,
    lines: Annotated[int, typer.Option(metavar="N", min=1, help="Lines to begin with.")] = 50,
) -> None:
    """Show what the service logged."""

    def work() -> int:
        from edge.cli.service_logs import logs

        return logs(lines, follow=follow)

    raise typer.Exit(exit_code_of(PROGRAM, work))


@app.command()
def run(*, config: _Config = None) -> None:
    """Run in the foreground what the unit runs; Ctrl-C or SIGTERM ends it, SIGHUP reads the configuration again."""

    def work() -> int:
        from edge.cli.service_run import run

        return run(config)

    raise typer.Exit(exit_code_of(PROGRAM, work))


def main() -> None:
    """Run the command and end the process with its exit code."""
    app(sys.argv[1:], prog_name=PROGRAM)


if __name__ == "__main__":
    main()
