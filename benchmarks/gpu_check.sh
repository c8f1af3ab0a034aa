#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All that a GPU is asked of the kernels: correctness, memcheck and racecheck, bandwidth. Builds for this GPU alone first.
# Results go to the folder named, or to benchmarks/results: benchmarks/gpu_check.sh [FOLDER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-benchmarks/results}
python=${PYTHON:-python3}
architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
"$python" -m pip install --quiet --no-build-isolation --no-deps --no-index --editable . \
  --config-settings="cmake.define.EDGE_CUDA_ARCHITECTURES=$architecture"
export FAIL_WITHOUT_GPU=1 PYTHONUNBUFFERED=1
"$python" -m pytest tests/gpu/test_kernels.py -q -p no:cacheprovider
"$python" -m benchmarks.kernel_bandwidth --output "$folder/kernel_bandwidth.json"
for tool in memcheck racecheck; do
  compute-sanitizer --tool "$tool" --error-exitcode 9 "$python" -m pytest tests/gpu/test_kernels.py -q -x -p no:cacheprovider
done
