# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.bundle.bundle import Bundle
from edge.engines.flavour import Flavour, load_flavour
from edge.engines.here import Here, find_here
from edge.engines.key import key_from_bundle
from edge.errors import DependencyError
from tests.edge.engines.keys import ORIN, TENSORRT, orin_key

RTX = Flavour("tensorrt_rtx", "1.7.1.116", module=None)
HERE = Here((TENSORRT, RTX), ORIN, l4t=None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"flavours": (RTX,)}, "tensorrt is not installed"),
        ({"flavours": (replace(TENSORRT, version="10.16.1.7"),)}, "tensorrt is 10.16.1.7 now, not 10.3.0"),
        ({"l4t": "36.4.3"}, "Jetson Linux is 36.4.3 now, not none"),
        ({"gpu": None}, "the GPU is not there now, not Orin sm 87"),
        ({"gpu": replace(ORIN, name="Thor")}, "the GPU is Thor sm 87 now, not Orin sm 87"),
        ({"gpu": replace(ORIN, sm=110)}, "the GPU is Orin sm 110 now, not Orin sm 87"),
    ],
)
def test_what_changed_since_an_engine_was_built_is_told(
    changes: dict[str, Any], told: str | None, bundle: Bundle
) -> None:
    assert replace(HERE, **changes).misfit(orin_key(bundle)) == told


def test_an_older_builder_is_told_and_so_is_an_engine_for_other_gpus(bundle: Bundle) -> None:
    assert HERE.misfit(orin_key(bundle).model_copy(update={"builder": 0})) == "edge builds engines otherwise now"
    key = key_from_bundle(bundle, "fp32", RTX, gpu=None, sms=(86, 89))
    here = replace(HERE, l4t=key.l4t)
    assert here.misfit(key) == "the GPU is Orin sm 87, not one of sm 86 89"
    assert replace(here, gpu=replace(ORIN, sm=89)).misfit(key) is None
    assert replace(here, gpu=None).misfit(key) is None


def test_this_machine_has_the_flavours_that_can_be_loaded(rtx: Flavour) -> None:
    assert rtx in find_here().flavours


@pytest.mark.parametrize("version", ["8.6.2", "12.0.1", "10.2.9"])
def test_a_version_that_is_not_supported_is_refused_with_those_that_are(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = type("module", (), {"__version__": version})
    monkeypatch.setattr("importlib.import_module", lambda _: module)
    with pytest.raises(DependencyError, match=rf"TensorRT {version} is installed, but 10.3 to below 12.0 is needed"):
        load_flavour("tensorrt")


def test_a_flavour_that_is_broken_or_absent_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> object:
        if name == "tensorrt":
            raise OSError("libnvinfer.so.10: cannot open shared object file")
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(DependencyError) as raised:
        load_flavour()
    told = str(raised.value)
    assert "TensorRT is installed but cannot be loaded (libnvinfer.so.10: cannot open shared object file)" in told
    assert "TensorRT-RTX is not installed" in told
    assert "pip install" in told
