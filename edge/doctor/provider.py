# SPDX-License-Identifier: Apache-2.0
"""The process in which a provider of ONNX Runtime proves itself: `python -m edge.doctor.provider NAME MODEL`.

It runs the model on the CPU and on the provider alone, and prints how much the outputs differ. A provider that was
compiled in but cannot work may end the process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

_SEED = 0


def main() -> None:
    """Print `{"difference": x}`, the largest difference of an output over its largest value."""
    import onnxruntime

    provider, model = sys.argv[1], Path(sys.argv[2]).read_bytes()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    reference = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    shapes = {one.name: _shape(one.shape) for one in reference.get_inputs()}
    rng = np.random.default_rng(_SEED)
    inputs = {name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    if provider != "CPUExecutionProvider":
        # Without this, what the provider does not take runs on the CPU in silence.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    tested = onnxruntime.InferenceSession(model, options, providers=[provider])
    pairs = zip(reference.run(None, inputs), tested.run(None, inputs), strict=True)
    differences = [np.abs(one - other).max() / max(np.abs(one).max(), 1e-9) for one, other in pairs]
    # numpy's maximum is NaN where one of them is; Python's may not be.
    sys.stdout.write(json.dumps({"difference": float(np.max(differences))}))


def _shape(declared: list[int | str]) -> tuple[int, ...]:
    """Return a small shape: one for a batch, 64 for a side that varies."""
    return tuple(size if isinstance(size, int) else 1 if place == 0 else 64 for place, size in enumerate(declared))


if __name__ == "__main__":
    main()
