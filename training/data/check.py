# SPDX-License-Identifier: Apache-2.0
"""A recipe's sets, or those in a folder, checked before a training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from edge.errors import SourceError, UsageError
from training.data.annotation_check import KNOWN_GESTURES, annotation_findings, class_findings
from training.data.catalogue import read_set
from training.data.findings import BREAKING, KINDS, CheckReport, Finding
from training.data.picture_check import picture_findings, unreadable_pictures
from training.data.pictures import pictures_below
from training.data.sample import HandSample
from training.recipe import AnyRecipe, ClassifierRecipe, DataRecipe, SetRecipe


def check_before_training(recipe: AnyRecipe, root: Path, *, strict: bool, say: Callable[[str], None]) -> None:
    """Check the annotations of a recipe's sets and `say` in a line what was found; what stops a training tells itself.

    Raises `SourceError` if anything is wrong and `strict` is asked for; data of other kinds is checked as it is read.
    """
    if not isinstance(recipe.data, DataRecipe):
        return
    report = check_recipe(recipe, root, pictures=False)
    if strict:
        report.require_sound(strict=True)
    if not report.breaking:
        say(report.summary)


def check_recipe(recipe: AnyRecipe, root: Path, *, pictures: bool = True) -> CheckReport:
    """Check the sets of a recipe below the data root, but for rendered ones: annotations, and `pictures` if asked for.

    Raises `UsageError` when the recipe's sets are no pictures with boxes.
    """
    if not isinstance(recipe.data, DataRecipe):
        raise UsageError(f"the data of a {recipe.task} recipe is checked as it is read; start the training")
    classifier = recipe if isinstance(recipe, ClassifierRecipe) else None
    known = KNOWN_GESTURES if classifier is None else {*classifier.gestures, *KNOWN_GESTURES}
    samples, findings = _checked(recipe.data.sets, root, gestures=known, pictures=pictures)
    if classifier is not None:
        findings += class_findings(samples, classifier.gestures, classifier.untrained_gestures)
    if not any(sample.split == "train" and len(sample.boxes_xyxy) for sample in samples):
        findings.append(Finding("no training", "all sets", str(root), "no set has a training picture with a hand"))
    return _report(samples, findings)


def check_folder(folder: Path) -> CheckReport:
    """Check the set that a folder is, or every COCO set right below it; of pictures alone it is one without hands.

    Raises `SourceError` when it is none of these.
    """
    root, sets = folder.absolute().parent, [SetRecipe(path=folder.absolute().name)]
    if any(folder.glob("ann_*")) or any(folder.glob("*annotations/*/*.json")):
        sets = [SetRecipe(path=sets[0].path, layout="hagrid")]
    elif any(folder.glob("*/*.list")):
        sets = [SetRecipe(path=sets[0].path, layout="lists")]
    elif not (folder / "annotations.json").is_file():
        below = sorted(path.parent.name for path in folder.glob("*/annotations.json"))
        if below:
            root, sets = folder, [SetRecipe(path=name) for name in below]
        elif pictures_below(folder):
            sets = [SetRecipe(path=sets[0].path, layout="no-hands")]
        else:
            raise SourceError(
                f"{folder} holds no data set; expected annotations.json (COCO), ann_*/*.json or annotations/*/*.json"
                " (HaGRID), */*.list, or pictures"
            )
    samples, findings = _checked(sets, root, gestures=KNOWN_GESTURES, pictures=True)
    return _report(samples, findings)


def _checked(
    sets: Sequence[SetRecipe], root: Path, *, gestures: Collection[str], pictures: bool
) -> tuple[list[HandSample], list[Finding]]:
    samples: list[HandSample] = []
    findings: list[Finding] = []
    for entry in sets:
        if entry.layout == "rendered":
            continue
        try:
            own = read_set(entry, root, seed=0)
        except SourceError as error:
            findings.append(Finding("unreadable", entry.dataset, entry.path, str(error)))
            if pictures:
                findings += unreadable_pictures(pictures_below(root / entry.path), entry.dataset, root)
            continue
        samples += own
        annotated = own if entry.layout != "no-hands" else []
        findings += annotation_findings(annotated, root, gestures=gestures)
    return samples, findings + (picture_findings(samples, root) if pictures else [])


def _report(samples: Sequence[HandSample], findings: Sequence[Finding]) -> CheckReport:
    hands: Counter[str] = Counter()
    for sample in samples:
        hands[sample.dataset] += int((~sample.ignored).sum())
    ordered = sorted(findings, key=lambda finding: (finding.kind not in BREAKING, KINDS.index(finding.kind)))
    return CheckReport(Counter(sample.dataset for sample in samples), hands, tuple(ordered))
