# SPDX-License-Identifier: Apache-2.0
"""One archive over HTTP, resumed where it was cut, whole under its name or not there at all (RFC 9110, ranges)."""

from __future__ import annotations

import errno
import fcntl
import http.client
import json
import re
import shutil
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from edge.errors import OutputError, SourceError, UsageError

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30.0
PAUSE_S = 2.0
# Of attempts in a row that brought nothing new.
MOST_ATTEMPTS = 5
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")

Progress = Callable[[int, int | None], None]


class _CutError(Exception):
    """The connection ended early, or the server has no time now; another attempt may do better."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the server sends: bytes from `start` on of `total` bytes, None where it does not say."""

    body: http.client.HTTPResponse
    start: int
    total: int | None
    validator: str | None


def fetch_archive(
    url: str, path: Path, *, progress: Progress = lambda _done, _total: None, pause_s: float = PAUSE_S
) -> bool:
    """Fetch a ZIP archive to `path`; return False when it was there already.

    Until it is complete it lies beside as `NAME.partial`, from which the next call goes on, if the server can and still
    has the same file. `progress` hears how many bytes are there, and of how many. Raises `SourceError` when the server
    has no such archive, or cuts the connection again and again, or what came is not what it announced or is no ZIP;
    `OutputError` when `path` cannot be written, for want of space above all; `UsageError` for no HTTP address.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"expected an address that begins with http:// or https://, got {url!r}")
    if path.exists():
        return False
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as file:
            _lock(file, partial)
            _fill(url, file, partial, progress, pause_s)
        _require_archive(url, partial)
        partial.replace(path)
        _note_of(partial).unlink(missing_ok=True)
    except OSError as error:
        told = "the disk is full; free space and start again, what came so far is kept"
        reason = told if error.errno in _FULL else f"{error.strerror}; choose another folder"
        raise OutputError(f"{path} cannot be written: {reason}") from error
    finally:
        _discard_empty(partial)
    return True


def _discard_empty(partial: Path) -> None:
    with suppress(OSError):
        if partial.stat().st_size == 0:
            partial.unlink()
            _note_of(partial).unlink(missing_ok=True)


def _lock(file: BinaryIO, partial: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(f"{partial} is being written by another download; wait for it to end") from error


def _fill(url: str, file: BinaryIO, partial: Path, progress: Progress, pause_s: float) -> None:
    """Make attempts until the file is complete."""
    most, fruitless = file.tell(), 0
    while (cut := _cut_short(url, file, partial, progress)) is not None:
        fruitless = 0 if file.tell() > most else fruitless + 1
        most = max(most, file.tell())
        if fruitless >= MOST_ATTEMPTS:
            raise SourceError(
                f"{url} could not be fetched beyond {most} bytes in {fruitless} attempts: {cut};"
                " start again later to go on from there"
            )
        time.sleep(pause_s * fruitless)


def _cut_short(url: str, file: BinaryIO, partial: Path, progress: Progress) -> str | None:
    """Return why an attempt ended early, None when the file is complete."""
    try:
        _attempt(url, file, partial, progress)
    except _CutError as error:
        return str(error)
    return None


def _attempt(url: str, file: BinaryIO, partial: Path, progress: Progress) -> None:
    """Fetch what is missing in one go."""
    answer = _open(url, file, partial)
    if answer is None:
        return
    with answer.body:
        file.truncate(answer.start)
        file.seek(answer.start)
        _note_of(partial).write_text(json.dumps({"validator": answer.validator}), encoding="utf-8")
        if answer.total is not None:
            _require_space(answer.total - answer.start, partial)
        done = answer.start
        progress(done, answer.total)
        while chunk := _chunk(answer.body):
            file.write(chunk)
            done += len(chunk)
            progress(done, answer.total)
    file.flush()
    if answer.total is not None and done < answer.total:
        raise _CutError(f"the connection ended at {done} of {answer.total} bytes")
    if answer.total is not None and done > answer.total:
        raise SourceError(f"{url} sent {done} bytes although it announced {answer.total}; try another mirror")


def _chunk(body: http.client.HTTPResponse) -> bytes:
    try:
        return body.read1(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _CutError(str(error) or type(error).__name__) from error


def _open(url: str, file: BinaryIO, partial: Path) -> _Answer | None:
    """Ask for what is missing; None when nothing is."""
    start = file.tell()
    request = Request(url, headers=_range_from(start, partial))  # noqa: S310 - the scheme has been checked
    try:
        body: http.client.HTTPResponse = urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except HTTPError as error:
        with error:
            total = _RANGE.fullmatch(error.headers.get("Content-Range", ""))
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
                if total and total[2] == str(start):
                    return None
                file.seek(0)
                file.truncate()
                raise _CutError("the server has another file than before") from error
            if error.code in _WORTH_ANOTHER_TRY:
                raise _CutError(f"the server answers {error.code} {error.reason}") from error
            raise SourceError(
                f"{url} cannot be fetched: the server answers {error.code} {error.reason};"
                " see whether its makers have moved it, and name its new place with --mirror"
            ) from error
    except (URLError, OSError, http.client.HTTPException) as error:
        raise _CutError(str(getattr(error, "reason", error)) or type(error).__name__) from error
    return _answer(url, body, start)


def _range_from(start: int, partial: Path) -> dict[str, str]:
    """Return the header that asks for what follows `start`, of the same file as before."""
    # Archives are compressed already, and a range of a compressed transfer would be another one.
    headers = {"Accept-Encoding": "identity", "User-Agent": "edge-train"}
    if start:
        headers["Range"] = f"bytes={start}-"
        validator = _validator_in(_note_of(partial))
        if validator:
            headers["If-Range"] = validator
    return headers


def _answer(url: str, body: http.client.HTTPResponse, start: int) -> _Answer:
    etag = body.headers.get("ETag", "")
    # A weak one does not promise the same bytes.
    validator = etag if etag and not etag.startswith("W/") else body.headers.get("Last-Modified")
    if body.status != http.HTTPStatus.PARTIAL_CONTENT:
        length = body.headers.get("Content-Length", "")
        return _Answer(body, 0, int(length) if length.isdecimal() else None, validator)
    told = _RANGE.fullmatch(body.headers.get("Content-Range", ""))
    if told is None or told[1] != str(start):
        body.close()
        raise SourceError(
            f"{url} was asked for bytes from {start} on and sent {body.headers.get('Content-Range')!r};"
            " remove the .partial file and start again"
        )
    return _Answer(body, start, None if told[2] == "*" else int(told[2]), validator)


def _note_of(partial: Path) -> Path:
    """Return where it is noted which version of the file the partial one is of."""
    return partial.with_name(f"{partial.name}.json")


def _validator_in(note: Path) -> str | None:
    try:
        validator = json.loads(note.read_text(encoding="utf-8"))["validator"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return validator if isinstance(validator, str) else None


def _require_space(missing: int, partial: Path) -> None:
    free = shutil.disk_usage(partial.parent).free
    if missing > free:
        raise OutputError(
            f"{partial.parent} has {free / 1e9:.1f} GB free, and {partial.stem} needs {missing / 1e9:.1f} GB more;"
            " free space or choose another folder"
        )


def _require_archive(url: str, partial: Path) -> None:
    if not zipfile.is_zipfile(partial):
        partial.unlink()
        _note_of(partial).unlink(missing_ok=True)
        raise SourceError(f"what {url} sent is no ZIP archive; open the address in a browser to see what it is")
