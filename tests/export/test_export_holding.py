# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.decoders import LabelDecoder
from export.bundle_from_checkpoint import bundle_from_checkpoint
from export.settings import ExportSettings
from tests.edge.cli.program import PROGRAM, lines_of
from tests.training.small_checkpoints import saved
from tests.training.small_recipes import holding_recipe


def test_a_network_of_face_recognition_fills_what_hands_hold(tmp_path: Path, repo_root: Path) -> None:
    recipe = holding_recipe(model={"architecture": "MobileFace", "head": "arcface", "classes": 2, "embedding": 16})
    checkpoint = saved(tmp_path / "checkpoint.pt", recipe)
    report = bundle_from_checkpoint(checkpoint, ExportSettings(to=tmp_path, name="hand-grasp"), say=lambda _: None)
    assert all(file.agrees for file in report.files if file.kept)
    bundle = Bundle.open(report.bundle)
    decoder = bundle.manifest.decoder
    assert isinstance(decoder, LabelDecoder)
    assert [(head.role, head.labels) for head in decoder.heads] == [("holding", ("empty", "holding"))]
    assert bundle.verify().hands == report.self_test_hands > 0

    models = ["--models", "hand-detector", "gesture-classifier", str(bundle.path)]
    command = [str(PROGRAM), "test:hands?seconds=0.3", *models, "--jsonl", "out.jsonl"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    hands = [hand for result in lines_of(tmp_path / "out.jsonl", repo_root) for hand in result["hands"]]
    assert hands, json.dumps(done.stderr)
    assert {hand["holding"]["label"] for hand in hands} <= {"empty", "holding"}
    assert all(0.5 <= hand["holding"]["score"] <= 1 for hand in hands)
