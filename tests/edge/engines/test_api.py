# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from edge.engines.flavour import Flavour
from tests.edge.engines.tensorrt_api import Api

# The files that handle objects of TensorRT.
FILES = ("engines/builder", "engines/log", "engines/progress", "engines/timing_cache", "runners/tensorrt")


@pytest.fixture(scope="module")
def api() -> Api:
    return Api()


def test_the_table_covers_every_version_that_is_supported(api: Api) -> None:
    assert [version.split(".")[0] for version in api.versions] == ["10", "10", "10", "10", "11", "11", "rtx 1"]
    assert "FP16" in api.members("BuilderFlag", "10.3.0")
    assert "FP16" not in api.members("BuilderFlag", "11.4.0.106")


def test_the_table_says_what_the_installed_version_has(api: Api, rtx: Flavour) -> None:
    column = f"rtx {rtx.version}"
    if column not in api.versions:
        pytest.skip(f"the table has no column for TensorRT-RTX {rtx.version}")
    for owner in ("Builder", "IBuilderConfig", "OnnxParser", "ParserError", "ICudaEngine", "IExecutionContext"):
        there = {name for name in dir(getattr(rtx.module, owner)) if not name.startswith("_")}
        assert there == api.members(owner, column), owner


def test_the_table_says_what_an_installed_tensorrt_has(api: Api) -> None:
    try:
        tensorrt = importlib.import_module("tensorrt")
    except ImportError:
        pytest.skip("TensorRT is not installed; TensorRT-RTX stands for it")
    if tensorrt.__version__ in api.versions:
        there = {name for name in dir(tensorrt.IBuilderConfig) if not name.startswith("_")}
        assert there == api.members("IBuilderConfig", tensorrt.__version__)


def test_code_uses_only_what_every_version_has(api: Api, repo_root: Path) -> None:
    uses = [
        (file, use)
        for file in FILES
        if (path := repo_root / f"edge/{file}.py").exists()
        for use in api.uses(path.read_text(encoding="utf-8"))
    ]
    assert len(uses) > 30
    assert {use.owner for _, use in uses} >= {"module", "Builder", "IBuilderConfig", "OnnxParser", "ParserError"}
    assert [(file, use.line, use.owner, use.name, api.lacking(use)) for file, use in uses if api.lacking(use)] == []


@pytest.mark.parametrize(
    ("line", "lacking"),
    [
        ("config.int8_calibrator = None", "11.1.0.106 11.4.0.106 rtx"),
        ("config.set_flag(trt.BuilderFlag.FP16)", "11.1.0.106 11.4.0.106 rtx"),
        ("flavour.module.NetworkDefinitionCreationFlag.EXPLICIT_BATCH", "11.1.0.106 11.4.0.106 rtx"),
        ("self._engine.device_memory_size", "11.1.0.106 11.4.0.106 rtx"),
        ("config.tiling_optimization_level", "10.3.0 10.7.0"),
        ("config.set_compute_capability(x, 0)", "10.3.0 10.7.0 10.13.3.9 10.16.1.11 11.1.0.106 11.4.0.106"),
        ("builder.no_such_thing", "10.3.0 10.7.0 10.13.3.9 10.16.1.11 11.1.0.106 11.4.0.106 rtx"),
        ("def f():\n if flavour.name != 'tensorrt_rtx':\n  raise E\n config.set_compute_capability(x, 0)", ""),
        ("def f():\n if flavour.name != 'tensorrt_rtx':\n  raise E\n config.int8_calibrator", "rtx"),
        ("def f():\n if flavour.name != 'tensorrt_rtx':\n  pass\n config.set_compute_capability(x, 0)", "10.3.0"),
        ("flavour.BuilderFlag.INT8", "11.1.0.106 11.4.0.106 rtx"),
        ("flavour.title + flavour.name", ""),
        ("config.progress_monitor = builder.create_builder_config()", ""),
    ],
)
def test_a_use_that_some_version_lacks_is_found(line: str, lacking: str, api: Api) -> None:
    found = {version.partition(" ")[0] for use in api.uses(line) for version in api.lacking(use)}
    assert found >= set(lacking.split())
    assert bool(found) == bool(lacking)
