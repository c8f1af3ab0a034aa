# SPDX-License-Identifier: Apache-2.0
"""`Installation`: from what is asked for to the steps that install or remove the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import OutputError, SourceError, UsageError
from edge.service.devices import find_devices, lines_of
from edge.service.settings import ServiceSettings
from edge.service.steps import Command, Keep, Remove, Step, WriteFile
from edge.service.unit import DEVICES_FILE, FILE, NAME, Unit, devices_text, is_ours

DEFAULT_USER = NAME
CONFIGURATION = Path(f"/etc/{NAME}/config.yaml")
STATE_FOLDERS = (Path(f"/var/lib/{NAME}"), Path(f"/var/cache/{NAME}"))
_UNIT = Path("/etc/systemd/system") / FILE
_DROP_INS = Path(f"{_UNIT}.d")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
_NOLOGIN = "/usr/sbin/nologin"


@dataclass(frozen=True, slots=True)
class Installation:
    """The service on a machine, `root` its file tree; commands are run for this machine, or for the tree where one can.

    Attributes:
        user: who the service runs as.
        root: "/", or the file tree of an image that is made.
    """

    user: str = DEFAULT_USER
    root: Path = Path("/")

    def install_steps(
        self, program: Path, *, configuration: str | None, default: str, settings: ServiceSettings
    ) -> list[Step]:
        """Return what installs the service.

        `configuration` is the text to use, None to keep what is there, or `default` where there is none. Raises
        `UsageError` for a user that cannot be, `OutputError` when another unit of this name is there.
        """
        if not _USER.fullmatch(self.user):
            raise UsageError(f"--user must be the name of a system user such as {DEFAULT_USER}, got {self.user!r}")
        if self.user == "root":
            raise UsageError(f"the service must not run as root; leave --user out for a user {DEFAULT_USER} of its own")
        self._refuse_foreign_unit()
        devices = find_devices(self.root)
        command = (str(program), "run", "--config", str(CONFIGURATION))
        unit = Unit(command, self.user, devices.groups, settings)
        return [
            *self._user_steps(),
            *self._configuration_steps(configuration, default),
            WriteFile(self._at(_UNIT), unit.text()),
            WriteFile(self._at(_DROP_INS / DEVICES_FILE), devices_text(devices)),
            *self._systemctl("daemon-reload"),
            *self._systemctl("enable", FILE, works_offline=True),
            *self._systemctl("restart", FILE),
        ]

    def uninstall_steps(self, *, purge: bool) -> list[Step]:
        """Return what removes the service; with `purge` its configuration, state, cache and user too.

        Raises `SourceError` when it is not installed, `OutputError` when the unit of this name is another's.
        """
        self._refuse_foreign_unit()
        is_installed = self._at(_UNIT).exists()
        if not is_installed and not purge:
            raise SourceError(f"the service is not installed, there is no {self._at(_UNIT)}; nothing to remove")
        steps: list[Step] = []
        if is_installed:
            steps += [
                *self._systemctl("stop", FILE),
                *self._systemctl("disable", FILE, works_offline=True),
                Remove(self._at(_DROP_INS / DEVICES_FILE)),
                Remove(self._at(_DROP_INS), only_if_empty=True),
                Remove(self._at(_UNIT)),
                *self._systemctl("daemon-reload"),
            ]
        if purge:
            steps += [Remove(self._at(folder)) for folder in (CONFIGURATION.parent, *STATE_FOLDERS)]
            if self._has_user(DEFAULT_USER) and self.root == Path("/"):
                steps.append(Command(("userdel", DEFAULT_USER), may_fail=True))
        return steps

    def told_before(self) -> list[str]:
        """Return what is installed already, in sentences."""
        unit, configuration = self._at(_UNIT), self._at(CONFIGURATION)
        told = [f"{unit} is there and is replaced"] if unit.exists() else []
        others = [path for path in self._drop_ins() if path.name != DEVICES_FILE]
        told += [f"{path} is yours and stays" for path in others]
        return told + ([f"{configuration} is there"] if configuration.exists() else [])

    def configuration_file(self) -> Path | None:
        """Return the configuration that is installed, None where there is none."""
        path = self._at(CONFIGURATION)
        return path if path.exists() else None

    def _at(self, path: Path) -> Path:
        return self.root / path.relative_to("/")

    def _drop_ins(self) -> Iterator[Path]:
        yield from sorted(self._at(_DROP_INS).glob("*.conf"))

    def _refuse_foreign_unit(self) -> None:
        for path in (self._at(_UNIT), self._at(_DROP_INS / DEVICES_FILE)):
            if (path.exists() or path.is_symlink()) and not is_ours(path):
                raise OutputError(f"{path} was not written by edge-service and stays; move it away first")

    def _has_user(self, name: str) -> bool:
        return any(line.startswith(f"{name}:") for line in lines_of(self.root / "etc/passwd"))

    def _user_steps(self) -> list[Step]:
        if self._has_user(self.user):
            return []
        if self.user != DEFAULT_USER:
            raise UsageError(f"there is no user {self.user}; make it, or leave --user out for one of its own")
        home = str(STATE_FOLDERS[0])
        words = ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home, "--shell", _NOLOGIN)
        prefix = () if self.root == Path("/") else ("--prefix", str(self.root))
        return [Command((*words, *prefix, self.user))]

    def _configuration_steps(self, configuration: str | None, default: str) -> list[Step]:
        path, there = self._at(CONFIGURATION), self.configuration_file()
        if there is None:
            return [WriteFile(path, default if configuration is None else configuration)]
        if configuration is None or there.read_bytes() == configuration.encode():
            return []
        return [Keep(path, path.with_name(f"{path.name}.before")), WriteFile(path, configuration)]

    def _systemctl(self, *words: str, works_offline: bool = False) -> list[Step]:
        if self.root == Path("/"):
            return [Command(("systemctl", *words))]
        return [Command(("systemctl", "--root", str(self.root), *words))] if works_offline else []


def describe(steps: Sequence[Step], tell: Callable[[str], None]) -> None:
    """Tell the steps, with all of what each file would say."""
    for step in steps:
        tell(str(step))
        if isinstance(step, WriteFile):
            for line in step.text.splitlines():
                tell(f"    {line}".rstrip())
