# SPDX-License-Identifier: Apache-2.0
"""`edge-service install` and `uninstall`."""

from __future__ import annotations

import os
from pathlib import Path

from edge.cli.outcome import tell
from edge.errors import OutputError, SourceError
from edge.service.configuration import DEFAULT_CONFIGURATION, job_from_file
from edge.service.installation import CONFIGURATION, DEFAULT_USER, Installation, describe
from edge.service.place import places_of_program, program, require_reachable
from edge.service.settings import ServiceSettings
from edge.service.steps import do_all

_THIS_MACHINE = Path("/")


def install(config: Path | None, user: str | None, *, root: Path, dry_run: bool) -> int:
    """Install the service, or print what that would be. Raises `EdgeError`."""
    installation = Installation(DEFAULT_USER if user is None else user, root)
    command = program()
    if root == _THIS_MACHINE:
        require_reachable(places_of_program())
    text = None if config is None else _text_of(config)
    there = config or installation.configuration_file()
    settings = ServiceSettings() if there is None else job_from_file(there).settings
    steps = installation.install_steps(command, configuration=text, default=DEFAULT_CONFIGURATION, settings=settings)
    for told in installation.told_before():
        tell(told)
    if dry_run:
        describe(steps, print)
        return 0
    _require_root(root, "install")
    do_all(steps, print)
    print(f"installed; its configuration is {CONFIGURATION}, `edge-service status` says what it does")
    return 0


def uninstall(*, root: Path, purge: bool, dry_run: bool) -> int:
    """Remove the service, or print what that would be. Raises `EdgeError`."""
    steps = Installation(root=root).uninstall_steps(purge=purge)
    if dry_run:
        describe(steps, print)
        return 0
    _require_root(root, "uninstall")
    do_all(steps, print)
    print("removed" if purge else "removed; its configuration, state and cache stay, --purge removes them too")
    return 0


def _require_root(root: Path, command: str) -> None:
    if root == _THIS_MACHINE and os.geteuid() != 0:
        raise OutputError(
            f"edge-service {command} changes the system and needs root; run `sudo {program()} {command}`, or look at"
            " what it would do with --dry-run"
        )


def _text_of(config: Path) -> str:
    try:
        return config.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceError(f"configuration {config} cannot be read: {reason}; name a YAML file") from error
