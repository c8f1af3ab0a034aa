# SPDX-License-Identifier: Apache-2.0
"""A comparison as one HTML file that needs no other."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.comparison import charts
from training.comparison.compare import Compared, conclusion, counts, group_accuracy, picture_accuracy
from training.comparison.cost import TIMED
from training.comparison.run import Answer
from training.data.pictures import PictureStore
from training.mistakes import Mistake, contact_sheet
from training.recipe import HOLDING_CLASSES, HoldingRecipe

MOST_MISTAKES = 40


def html_from_comparison(compared: Sequence[Compared], recipe: HoldingRecipe) -> str:
    """Return the report. Raises `SourceError` when a picture of a mistake cannot be read."""
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    ).get_template("report.html.jinja")
    tested = {one.name: picture_accuracy(one.tested) for one in compared}
    folded = {one.name: group_accuracy(one.folded) for one in compared if one.folded}
    return template.render(
        recipe=recipe,
        compared=compared,
        tested=tested,
        folded=folded,
        conclusion=conclusion(compared) if folded else "Without cross-validation nothing is concluded.",
        classes=HOLDING_CLASSES,
        timed=TIMED,
        most_mistakes=MOST_MISTAKES,
        confusions={one.name: [counts(one.tested), *([counts(one.folded)] if one.folded else [])] for one in compared},
        curves={one.name: charts.curves(one) for one in compared},
        tested_chart=charts.intervals(tested, label="accuracy on the test pictures, 95 % interval"),
        folded_chart=charts.intervals(folded, label="accuracy in cross-validation, 95 % interval") if folded else "",
        sheets={one.name: _sheet([*one.tested, *one.folded]) for one in compared},
    )


def _sheet(answers: Sequence[Answer]) -> str:
    """Return the wrong answers as a picture's address, "" where all are right."""
    wrong = [answer for answer in answers if answer.guess != answer.truth][:MOST_MISTAKES]
    if not wrong:
        return ""
    mistakes = [
        Mistake(
            answer.path,
            np.array(answer.box_xyxy, np.float32),
            f"{HOLDING_CLASSES[answer.guess]}, not {HOLDING_CLASSES[answer.truth]}",
        )
        for answer in wrong
    ]
    sheet = contact_sheet(mistakes, PictureStore(answer.path for answer in wrong))
    return "data:image/jpeg;base64," + base64.b64encode(cv2.imencode(".jpg", sheet)[1].tobytes()).decode()
