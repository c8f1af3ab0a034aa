# SPDX-License-Identifier: Apache-2.0
"""Builds that are killed at random moments, one process each; run as a program, which prints what came of them."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.engines.building import build_engine
from edge.engines.key import EngineKey
from edge.engines.store import EngineStore
from tests.edge.engines.keys import orin_key
from tests.edge.engines.makers import OnnxMaker

PLAN_BYTES = 2**18


def plan_of(number: int) -> bytes:
    """Return another plan for every build."""
    return number.to_bytes(4, "little") * (PLAN_BYTES // 4)


def build(store: EngineStore, bundle: Bundle, key: EngineKey, number: int) -> None:
    """Build in this process, with the real store and files."""
    build_engine(store, bundle, key, OnnxMaker(step_s=0.0001, plan=plan_of(number)), force=True)


def main(folder: Path, bundle_folder: Path, kills: int, seed: int) -> None:
    """Kill so many builds; every engine found in between must be one that a build finished."""
    store, bundle = EngineStore(folder), Bundle.open(bundle_folder)
    key = orin_key(bundle)
    rng = random.Random(seed)
    began_s = time.monotonic()
    build(store, bundle, key, 0)
    usual_s = time.monotonic() - began_s
    counts = {"killed": 0, "finished": 0, "leftovers": 0, "last": 0}
    number = 0
    while counts["killed"] < kills:
        number += 1
        pid = os.fork()
        if pid == 0:
            build(store, bundle, key, number)
            os._exit(0)
        time.sleep(rng.uniform(0, 1.1 * usual_s))
        os.kill(pid, rng.choice((signal.SIGKILL, signal.SIGTERM)))
        killed = os.WIFSIGNALED(os.waitpid(pid, 0)[1])
        counts["killed" if killed else "finished"] += 1
        # The blows follow the machine, which is not always equally busy.
        usual_s *= 1.05 if killed else 0.9
        counts["leftovers"] += len(list(folder.glob(".*")))
        engine = store.find(bundle, key)
        assert engine is not None, number
        found = int.from_bytes(engine.plan[:4], "little")
        assert engine.plan == plan_of(found), number
        # A build that ended by itself is there; one that was killed may be, and none comes back.
        assert found == number if not killed else found in {number, counts["last"]}, number
        counts["last"] = found
    build(store, bundle, key, number + 1)
    store.prune()
    sys.stdout.write(json.dumps(counts | {"files": sorted(path.suffix for path in folder.iterdir())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
