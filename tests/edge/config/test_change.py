# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from edge.config import Change, change, config_from_mapping


def test_sinks_are_taken_over_now_and_the_rest_after_a_restart() -> None:
    old = config_from_mapping({"sources": [{"uri": "a"}], "min_score": 0.5}, origin="test")
    assert change(old, old) == Change((), ())
    assert str(change(old, old)) == "nothing changed"
    sinks = [{"type": "jsonl", "path": "x"}]
    new = config_from_mapping({"sources": [{"uri": "b"}], "min_score": 0.5, "sinks": sinks}, origin="test")
    assert change(old, new) == Change(now=("sinks",), restart=("sources",))
    assert str(change(old, new)) == "sinks applied; sources after a restart"
