# SPDX-License-Identifier: Apache-2.0
"""`edge-train`, run in the process of the tests: importing PyTorch anew takes long."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge.cli.train import main

Outcome = tuple[int, str, str]


def edge_train(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    """Run the command in this process; return its exit code, standard output and standard error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err
