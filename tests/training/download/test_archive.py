# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.errors import OutputError, SourceError, UsageError
from tests.training.download.small_server import Shelf, archive_of, serving
from training.download.archive import MOST_ATTEMPTS, fetch_archive

CONTENT = archive_of()
TOTAL = len(CONTENT)


@contextmanager
def downloads(shelf: Shelf, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield an address, and where to fetch it to; nothing half-written may lie there under the archive's name."""
    with serving(shelf) as address:
        path = folder / "fist.zip"
        yield f"{address}/fist.zip", path
        assert not path.exists() or path.read_bytes() == shelf.content


def test_an_archive_is_fetched_with_its_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with downloads(Shelf(CONTENT), tmp_path / "new") as (url, path):
        assert fetch_archive(url, path, progress=lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert (told[0], told[-1]) == ((0, TOTAL), (TOTAL, TOTAL))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert list(path.parent.iterdir()) == [path]


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT)
    with downloads(shelf, tmp_path) as (url, path):
        assert fetch_archive(url, path)
        assert not fetch_archive(url, path)
    assert len(shelf.asked) == 1


def test_cut_connections_are_resumed_where_they_ended(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT, cuts=[1000, 50_000, 1])
    with downloads(shelf, tmp_path) as (url, path):
        fetch_archive(url, path, pause_s=0)
    assert path.read_bytes() == CONTENT
    assert shelf.asked == [None, "bytes=1000-", "bytes=51000-", "bytes=51001-"]


def test_the_next_call_goes_on_where_the_last_gave_up(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT, cuts=[1000, *[0] * MOST_ATTEMPTS])
    with downloads(shelf, tmp_path) as (url, path):
        with pytest.raises(SourceError, match=r"beyond 1000 bytes in 5 attempts: the connection ended at 1000 of"):
            fetch_archive(url, path, pause_s=0)
        assert not path.exists()
        assert fetch_archive(url, path, pause_s=0)
    assert shelf.asked[-1] == "bytes=1000-"
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]


def test_a_server_without_ranges_is_asked_for_all_of_it_again(tmp_path: Path) -> None:
    with downloads(Shelf(CONTENT, ranges=False, cuts=[1000, 500]), tmp_path) as (url, path):
        fetch_archive(url, path, pause_s=0)
    assert path.read_bytes() == CONTENT


def test_a_server_without_ranges_that_always_cuts_is_given_up(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT, ranges=False, cuts_always=1000)
    with downloads(shelf, tmp_path) as (url, path), pytest.raises(SourceError, match="beyond 1000 bytes"):
        fetch_archive(url, path, pause_s=0)
    assert len(shelf.asked) == MOST_ATTEMPTS + 1


@pytest.mark.parametrize("count", [1000, 300_000])
def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(tmp_path: Path, count: int) -> None:
    shelf = Shelf(CONTENT, cuts=[150_000, *[0] * MOST_ATTEMPTS])
    with downloads(shelf, tmp_path) as (url, path):
        with pytest.raises(SourceError):
            fetch_archive(url, path, pause_s=0)
        shelf.content, shelf.etag = archive_of(count, seed=1), '"second"'
        fetch_archive(url, path, pause_s=0)
    assert path.read_bytes() == shelf.content


def test_a_partial_file_longer_than_the_archive_is_thrown_away(tmp_path: Path) -> None:
    with downloads(Shelf(CONTENT, etag=None), tmp_path) as (url, path):
        (tmp_path / "fist.zip.partial").write_bytes(b"x" * (TOTAL + 1))
        fetch_archive(url, path, pause_s=0)


def test_a_partial_file_that_lacks_nothing_is_taken_as_it_is(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT, etag=None)
    with downloads(shelf, tmp_path) as (url, path):
        (tmp_path / "fist.zip.partial").write_bytes(CONTENT)
        fetch_archive(url, path)
    assert shelf.asked == [f"bytes={TOTAL}-"]
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_archive_that_is_not_there_leaves_nothing(tmp_path: Path, status: int) -> None:
    with (
        downloads(Shelf(CONTENT, statuses=[status]), tmp_path) as (url, path),
        pytest.raises(SourceError, match=f"the server answers {status} .*--mirror"),
    ):
        fetch_archive(url, path)
    assert not list(tmp_path.iterdir())


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    shelf = Shelf(CONTENT, statuses=[503, 429])
    with downloads(shelf, tmp_path) as (url, path):
        fetch_archive(url, path, pause_s=0)
    assert len(shelf.asked) == 3


def test_a_server_that_is_gone_is_named(tmp_path: Path) -> None:
    with serving(Shelf(CONTENT)) as address:
        pass
    with pytest.raises(SourceError, match=r"could not be fetched beyond 0 bytes .*refused"):
        fetch_archive(f"{address}/fist.zip", tmp_path / "fist.zip", pause_s=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shelf", [Shelf(b"<html>log in</html>"), Shelf(CONTENT[:-30], announces_length=False)])
def test_what_is_no_archive_is_not_kept(tmp_path: Path, shelf: Shelf) -> None:
    with downloads(shelf, tmp_path) as (url, path), pytest.raises(SourceError, match="is no ZIP archive"):
        fetch_archive(url, path)
    assert not list(tmp_path.iterdir())


def test_a_range_that_begins_elsewhere_is_not_appended(tmp_path: Path) -> None:
    with downloads(Shelf(CONTENT, cuts=[1000], wrong_start=7), tmp_path) as (url, path):
        with pytest.raises(SourceError, match=r"was asked for bytes from 1000 on and sent 'bytes 1007-"):
            fetch_archive(url, path, pause_s=0)
        assert (tmp_path / "fist.zip.partial").read_bytes() == CONTENT[:1000]


def test_a_disk_with_too_little_space_is_told_before_it_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.download.archive.shutil.disk_usage", lambda _: SimpleNamespace(free=TOTAL - 1))
    with downloads(Shelf(CONTENT), tmp_path) as (url, path), pytest.raises(OutputError, match="GB free, and fist"):
        fetch_archive(url, path)
    assert not list(tmp_path.iterdir())


def test_what_came_before_the_disk_was_full_is_kept(tmp_path: Path, repo_root: Path) -> None:
    code = "import sys; from training.download.archive import fetch_archive as f; from pathlib import Path as P\n"
    code += (
        "from edge.errors import OutputError\ntry: f(sys.argv[1], P(sys.argv[2]))\nexcept OutputError as e: print(e)"
    )
    limit = 100_000
    with downloads(Shelf(CONTENT), tmp_path) as (url, path):
        # A limit of the process on file sizes is a full disk without one.
        ended = subprocess.run(
            [sys.executable, "-c", code, url, str(path)],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
            cwd=repo_root,
            env=os.environ | {"PYTHONPATH": str(repo_root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "the disk is full; free space and start again" in ended.stdout, ended.stderr
        assert 0 < (tmp_path / "fist.zip.partial").stat().st_size <= limit
        fetch_archive(url, path)
    assert path.read_bytes() == CONTENT


def test_two_downloads_of_one_archive_do_not_mix(tmp_path: Path) -> None:
    with downloads(Shelf(CONTENT), tmp_path) as (url, path), (tmp_path / "fist.zip.partial").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"PK")
        other.flush()
        with pytest.raises(OutputError, match="is being written by another download"):
            fetch_archive(url, path)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with downloads(Shelf(CONTENT), tmp_path) as (url, _), pytest.raises(OutputError, match="choose another folder"):
        fetch_archive(url, tmp_path / "file" / "fist.zip")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "fist.zip", "ftp://example.org/fist.zip"])
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="http"):
        fetch_archive(url, tmp_path / "fist.zip")
