# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.engines.key import EngineKey, key_from_bundle
from edge.engines.settings import EngineSettings
from edge.engines.shapes import shapes_from_contract
from edge.errors import BundleFormatError, UsageError
from tests.edge.engines.keys import ORIN, TENSORRT, orin_key

# Another value for every field of a key, and what is said about it.
OTHERS: dict[str, tuple[Any, str]] = {
    "onnx_sha256": ("0" * 64, "another model file"),
    "precision": ("fp16", "precision fp16 instead of fp32"),
    "flavour": ("tensorrt_rtx", "flavour tensorrt_rtx instead of tensorrt"),
    "version": ("10.16.1.7", "version 10.16.1.7 instead of 10.3.0"),
    "platform": ("linux-riscv64", "platform linux-riscv64 instead of"),
    "gpu": (None, "gpu none instead of Orin"),
    "sms": ((87, 110), "sms 87 110 instead of 87"),
    "l4t": ("36.4.3", "l4t 36.4.3 instead of none"),
    "builder": (0, "builder 0 instead of"),
}
OTHER_SETTINGS: dict[str, tuple[Any, str]] = {
    "workspace_mb": (64, "workspace_mb 64 instead of none"),
    "max_batch": (2, "max_batch 2 instead of none"),
    "optimization_level": (5, "optimization_level 5 instead of 3"),
    "dla_core": (0, "dla_core 0 instead of none"),
    "tf32": (True, "tf32 True instead of False"),
}
OTHER_SHAPES: dict[str, tuple[Any, str]] = {
    "name": ("frame", "name frame instead of image"),
    "smallest": ((2, 3, 32, 32), "smallest 2 3 32 32 instead of 1 3 32 32"),
    "usual": ((2, 3, 96, 96), "usual 2 3 96 96 instead of 1 3 96 96"),
    "largest": ((2, 3, 96, 96), "largest 2 3 96 96 instead of 4 3 96 96"),
}


def changed_keys(key: EngineKey) -> dict[str, tuple[EngineKey, str]]:
    """Return the key with each of its fields changed, by the field, with what is said about it."""
    changed = {field: (key.model_copy(update={field: value}), told) for field, (value, told) in OTHERS.items()}
    for part, others in (("settings", OTHER_SETTINGS), ("shapes", OTHER_SHAPES)):
        whole = getattr(key, part)
        for field, (value, told) in others.items():
            other = whole.model_copy(update={field: value})
            changed[f"{part}.{field}"] = (key.model_copy(update={part: other}), told)
    return changed


def test_every_field_changes_the_digest_and_is_told(bundle: Bundle) -> None:
    key = orin_key(bundle)
    changed = changed_keys(key)
    fields = {name for name in EngineKey.model_fields if name not in {"settings", "shapes"}}
    fields |= {f"settings.{name}" for name in EngineSettings.model_fields}
    fields |= {f"shapes.{name}" for name in type(key.shapes).model_fields}
    assert set(changed) == fields
    assert len({key.digest, *(other.digest for other, _ in changed.values())}) == len(fields) + 1
    for other, told in changed.values():
        (difference,) = key.differences(other)
        assert difference.startswith(told)


def test_the_same_inputs_give_the_same_key(bundle: Bundle) -> None:
    assert orin_key(bundle) == orin_key(bundle)
    assert EngineKey.model_validate_json(orin_key(bundle).model_dump_json()) == orin_key(bundle)


def test_the_release_of_jetson_linux_is_part_of_the_key(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/nv_tegra_release").write_text("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n")
    key = key_from_bundle(bundle, "fp32", TENSORRT, gpu=ORIN, root=tmp_path)
    assert (key.l4t, key.gpu, key.sms) == ("36.4.3", "Orin", (87,))


def test_a_key_needs_a_gpu_or_what_stands_for_it(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="without a GPU an engine needs the compute capabilities"):
        key_from_bundle(bundle, "fp32", TENSORRT, gpu=None)
    with pytest.raises(UsageError, match=r"TensorRT 10.3.0 builds for the GPU of this machine alone"):
        key_from_bundle(bundle, "fp32", TENSORRT, gpu=ORIN, sms=(86,))
    with pytest.raises(BundleFormatError, match="holds fp32, not int8"):
        key_from_bundle(bundle, "int8", TENSORRT, gpu=ORIN)


def test_shapes_span_what_the_bundle_allows() -> None:
    detector = Bundle.open(find_bundle("hand-detector")).manifest
    shapes = shapes_from_contract(detector, EngineSettings())
    assert (shapes.smallest, shapes.usual, shapes.largest) == ((1, 3, 32, 32), (1, 3, 320, 320), (8, 3, 320, 320))
    classifier = Bundle.open(find_bundle("gesture-classifier")).manifest
    shapes = shapes_from_contract(classifier, EngineSettings(max_batch=10))
    assert (shapes.smallest, shapes.usual, shapes.largest) == ((1, 3, 128, 128), (2, 3, 128, 128), (10, 3, 128, 128))
    assert shapes_from_contract(classifier, EngineSettings(max_batch=1)).usual == (1, 3, 128, 128)
    assert shapes_from_contract(classifier, EngineSettings(max_batch=500)).largest == (32, 3, 128, 128)
