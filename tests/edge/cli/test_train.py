# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psutil
import pytest
import yaml

from edge.bundle.accuracy import AccuracyCard
from tests.edge.cli.training_program import edge_train
from tests.training.small_recipes import classifier_mapping, detector_mapping
from tests.training.small_sets import write_hands
from tests.training.teacher.small_models import classifier_model

PROGRAM = Path(sysconfig.get_path("scripts")) / "edge-train"
# A busy machine takes a minute to import PyTorch.
PATIENCE_S = 300


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with data, recipes and a teacher."""
    folder = tmp_path_factory.mktemp("desk")
    splits = ["train"] * 6 + ["val", "test"]
    write_hands(folder / "data" / "hands", splits=splits, gesture="palm", handedness="left")
    (folder / "detector.yaml").write_text(yaml.safe_dump(detector_mapping()), encoding="utf-8")
    (folder / "classifier.yaml").write_text(yaml.safe_dump(classifier_mapping()), encoding="utf-8")
    classifier_model(folder / "teacher.onnx", [0.0] * 45)
    return folder


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def test_the_program_trains_goes_on_and_measures(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = desk / "runs" / "detector"
    words = [
        PROGRAM,
        desk / "detector.yaml",
        "schedule.steps=3",
        "schedule.workers=1",
        "--data",
        desk / "data",
        "--to",
        run,
    ]
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(run / "checkpoint.pt")]
    assert "step 3 validation: ap" in done.stderr
    assert (run / "metrics.jsonl").is_file()
    assert any((run / "tensorboard").iterdir())

    code, out, err = edge_train(
        capsys, "fit", desk / "detector.yaml", "schedule.steps=4", "--data", desk / "data", "--to", run
    )
    assert (code, out.splitlines()) == (0, [str(run / "checkpoint.pt")])
    assert "step 4 validation" in err
    assert "step 3 validation" not in err

    code, out, _ = edge_train(capsys, "eval", run / "checkpoint.pt", "--data", desk / "data", "--json")
    rows = json.loads(out)
    assert code == 0
    assert set(rows) == {"hands", "all sets"}
    assert rows["hands"]["pictures"] == 1
    check_card(capsys, desk, run / "checkpoint.pt", rows["all sets"]["ap50"])


def check_card(capsys: pytest.CaptureFixture[str], desk: Path, checkpoint: Path, ap50: float) -> None:
    card = desk / "card.json"
    options: list[str | Path] = ["--data", desk / "data", "--card", card, "--note", "small"]
    sheet = desk / "mistakes.jpg"
    code, out, _ = edge_train(capsys, "eval", checkpoint, *options, "--min-score", "0.3", "--mistakes", sheet)
    assert code == 0
    assert sheet.is_file()
    assert "all sets" in out
    assert "ap50" in out
    written = AccuracyCard.model_validate_json(card.read_bytes())
    assert (written.metric, written.note, written.min_score) == ("ap50", "small", 0.3)
    assert written.value == pytest.approx(ap50, abs=1e-4)

    code, out, err = edge_train(capsys, "eval", checkpoint, *options[:2], "--mistakes", desk / "sheet.txt")
    assert (code, out) == (2, "")
    assert "sheet.txt" in err

    code, out, err = edge_train(capsys, "eval", checkpoint, *options[:3], desk / "none" / "card.json")
    assert code == 6
    assert "all sets" in out
    assert "none/card.json" in err


def test_a_classifier_learns_from_its_teacher_and_is_measured(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = desk / "runs" / "classifier"
    options: list[str | Path] = ["--data", desk / "data", "--to", run, "--teacher", desk / "teacher.onnx"]
    code, _, err = edge_train(capsys, desk / "classifier.yaml", *options)
    assert code == 0, err
    code, out, _ = edge_train(capsys, "eval", run / "checkpoint.pt", "--data", desk / "data", "--json")
    assert code == 0
    assert set(json.loads(out)["all sets"]) == {"hands", "gesture_macro_f1", "handedness_macro_f1"}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ["nothing"],
            2,
            "there is no recipe 'nothing'; give a .yaml file or one of efficientnet-cascade, gesture-classifier",
        ),
        (["{desk}/detector.yaml", "schedule.stepps=3"], 2, "unknown key 'schedule.stepps'; did you mean 'steps'?"),
        (["{desk}/detector.yaml", "--data", "{desk}/none"], 3, "none/hands does not exist; set the data root"),
        (["{desk}/detector.yaml", "--teacher", "{desk}/teacher.onnx"], 2, "learns from labels alone"),
        (["{desk}/classifier.yaml", "--teacher", "{desk}/none.onnx"], 3, "none.onnx is not a file"),
        (
            ["{desk}/detector.yaml", "--data", "{desk}/data", "--to", "{desk}/detector.yaml"],
            6,
            "train into another folder",
        ),
        (
            ["{desk}/detector.yaml", "--data", "{desk}/data", "--to", "{desk}/new", "--from", "{desk}/none.pt"],
            3,
            "none.pt is not a file",
        ),
        (["eval", "{desk}/none.pt"], 3, "expected the checkpoint.pt of a training run"),
        (["eval", "{desk}/detector.yaml"], 3, "expected the checkpoint.pt of a training run"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(
    desk: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    left, out, err = edge_train(capsys, *(word.format(desk=desk) for word in words))
    assert left == code
    assert out == ""
    (line,) = [line for line in err.splitlines() if not line.startswith("data: ")]
    assert line.startswith("edge-train: ")
    assert told in err


@pytest.mark.parametrize(
    ("module", "words"), [("training.loop", ["hand-detector"]), ("training.evaluation", ["eval", "checkpoint.pt"])]
)
def test_without_the_checkout_the_remedy_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, module: str, words: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    code, _, err = edge_train(capsys, *words)
    assert code == 7
    assert "pip install -e .[workstation]" in err


@pytest.mark.parametrize("workers_first", [False, True])
def test_a_terminated_training_leaves_its_checkpoint_and_no_process(desk: Path, *, workers_first: bool) -> None:
    run = desk / "runs" / f"endless-{workers_first}"
    changes = ["schedule.steps=100000", "schedule.checkpoint_steps=1", "schedule.workers=1"]
    words = [PROGRAM, desk / "detector.yaml", *changes, "--data", desk / "data", "--to", run]
    with subprocess.Popen(
        list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as program:
        end_s = time.monotonic() + PATIENCE_S
        while not (run / "checkpoint.pt").exists() and program.poll() is None and time.monotonic() < end_s:
            time.sleep(0.05)
        workers = psutil.Process(program.pid).children(recursive=True)
        if workers_first:
            # As a signal to the whole process group may arrive.
            for worker in workers:
                worker.terminate()
            psutil.wait_procs(workers, timeout=1)
        program.send_signal(signal.SIGTERM)
        _, err = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 143, err
    # Python itself may complain of what it could not finish; the command has no error to tell.
    assert "edge-train: " not in err
    assert (run / "checkpoint.pt").is_file()
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE_S)
    assert not alive
