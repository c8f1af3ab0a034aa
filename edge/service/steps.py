# SPDX-License-Identifier: Apache-2.0
"""What an installation is made of: files that appear whole, files that go, and commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge.engines.trusted_files import flush_folder
from edge.errors import DependencyError, EdgeError, OutputError

_COMMAND_TIMEOUT_S = 90


class Step(Protocol):
    """One change of the machine; `str` tells it, `do` makes it and raises `OutputError` or `DependencyError`."""

    def do(self) -> None:
        """Make the change."""


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Write a file that everybody may read, and folders on the way to it."""

    path: Path
    text: str

    def do(self) -> None:
        """Write it; it is there whole or as it was."""
        part = None
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            descriptor, part = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self.text)
                file.flush()
                os.fchmod(descriptor, 0o644)
                os.fsync(descriptor)
            Path(part).replace(self.path)
            flush_folder(self.path.parent)
        except OSError as error:
            if part is not None:
                Path(part).unlink(missing_ok=True)
            raise OutputError(f"cannot write {self.path}: {error.strerror}; check space and permissions") from error

    def __str__(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep a file under another name before it is replaced."""

    path: Path
    kept: Path

    def do(self) -> None:
        """Copy it."""
        try:
            shutil.copy2(self.path, self.kept)
        except OSError as error:
            raise OutputError(f"cannot keep {self.path} as {self.kept}: {error.strerror}; check its folder") from error

    def __str__(self) -> str:
        return f"keep {self.path} as {self.kept}"


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a file or a folder with all that is in it; one that is not there is removed already."""

    path: Path
    only_if_empty: bool = False

    def do(self) -> None:
        """Remove it."""
        try:
            if self.path.is_dir() and not self.path.is_symlink():
                if not self.only_if_empty:
                    shutil.rmtree(self.path)
                elif not any(self.path.iterdir()):
                    self.path.rmdir()
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {self.path}: {error.strerror}; remove it by hand") from error

    def __str__(self) -> str:
        return f"remove {self.path}" + (" if it is empty" if self.only_if_empty else "")


@dataclass(frozen=True, slots=True)
class Command:
    """Run a command of the system; `may_fail` where its failure leaves nothing half done."""

    words: tuple[str, ...]
    may_fail: bool = False

    def do(self) -> None:
        """Run it."""
        told = " ".join(self.words)
        try:
            done = subprocess.run(  # noqa: S603 - words of this package
                self.words, capture_output=True, text=True, check=False, timeout=_COMMAND_TIMEOUT_S
            )
        except FileNotFoundError as error:
            raise DependencyError(
                f"{self.words[0]} is not installed; the service needs a Linux with systemd"
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EdgeError(f"`{told}` did not run: {error}; run it by hand") from error
        if done.returncode and not self.may_fail:
            why = (done.stderr or done.stdout).strip().replace("\n", " ") or f"exit code {done.returncode}"
            raise EdgeError(f"`{told}` failed: {why}; mend that and install again")

    def __str__(self) -> str:
        return f"run   {' '.join(self.words)}"


def do_all(steps: Sequence[Step], tell: Callable[[str], None]) -> None:
    """Make the changes in order and tell each before it is made. Raises what a step raises."""
    for step in steps:
        tell(str(step))
        step.do()
