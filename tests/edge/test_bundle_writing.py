# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.bundle import writing
from edge.bundle.bundle import Bundle
from edge.errors import ModelError, OutputError
from tests.edge.bundles import detector_contract, detector_model, small_bundle, write_small_bundle


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_bundle_has_the_same_bytes(tmp_path: Path) -> None:
    first = write_small_bundle(tmp_path / "a", detector_contract(), detector_model())
    again = write_small_bundle(tmp_path / "b", detector_contract(), detector_model())
    assert files_of(first.path) == files_of(again.path)


def test_a_bundle_replaces_a_bundle_whole(tmp_path: Path) -> None:
    write_small_bundle(tmp_path / "b", detector_contract(), detector_model())
    (tmp_path / "b" / "leftover").write_text("from the old one")
    write_small_bundle(tmp_path / "b", detector_contract(version="2.0.0"), detector_model(seed=3))
    assert Bundle.open(tmp_path / "b").manifest.version == "2.0.0"
    assert not (tmp_path / "b" / "leftover").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_bundle_that_fails_its_check_leaves_the_old_one(tmp_path: Path) -> None:
    write_small_bundle(tmp_path / "b", detector_contract(), detector_model())
    before = files_of(tmp_path / "b")

    def refuse(bundle: Bundle) -> None:
        assert bundle.verify().hands == len(bundle.manifest.self_test.expected["fp32"].hands)
        raise ModelError("not this one")

    manifest, contents = small_bundle(detector_contract(version="2.0.0"), detector_model(seed=3))
    with pytest.raises(ModelError, match="not this one"):
        writing.write_bundle(tmp_path / "b", manifest, contents, check=refuse)
    assert files_of(tmp_path / "b") == before
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_not_a_bundle_is_never_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "precious"
    if kind == "folder":
        target.mkdir()
    (target / "thesis.txt" if kind == "folder" else target).write_text("five years")
    with pytest.raises(OutputError, match="is not a bundle"):
        write_small_bundle(target, detector_contract(), detector_model())
    assert (target / "thesis.txt" if kind == "folder" else target).read_text() == "five years"


def test_contents_must_be_what_the_manifest_lists(tmp_path: Path) -> None:
    manifest, contents = small_bundle(detector_contract(), detector_model())
    with pytest.raises(ValueError, match="contents must be the files"):
        writing.write_bundle(tmp_path / "b", manifest, contents | {"model.onnx": b"other"})
    assert not (tmp_path / "b").exists()


def test_a_failing_disk_is_one_sentence_and_leaves_the_old_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_small_bundle(tmp_path / "b", detector_contract(), detector_model())
    before = files_of(tmp_path / "b")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device", str(descriptor))

    monkeypatch.setattr("edge.bundle.writing.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_small_bundle(tmp_path / "b", detector_contract(version="2.0.0"), detector_model(seed=3))
    assert files_of(tmp_path / "b") == before
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


REWRITE_FOR_EVER = """
import sys
from pathlib import Path
from tests.edge.bundles import detector_contract, detector_model, small_bundle
from edge.bundle.writing import write_bundle
manifest, contents = small_bundle(detector_contract(), detector_model())
write_bundle(Path(sys.argv[1]), manifest, contents)
print("written once", flush=True)
while True:
    write_bundle(Path(sys.argv[1]), manifest, contents)
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.003, 0.011, 0.023, 0.037])
def test_a_killed_writer_leaves_the_old_bundle_or_the_new_one(tmp_path: Path, repo_root: Path, delay_s: float) -> None:
    target = tmp_path / "b"
    command = [sys.executable, "-c", REWRITE_FOR_EVER, str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repo_root) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written once\n"
        time.sleep(delay_s)
        writer.kill()
    # Killed between the two renames of a replacement, the old bundle lies beside its place, whole.
    found = target if target.exists() else next(tmp_path.glob(".b.*.old"))
    Bundle.open(found).verify()
