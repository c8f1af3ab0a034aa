#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All that a GPU is asked of the pipeline, in about three minutes: the device layer, answers equal to the processor's,
# and speed. Every step has a time limit of its own and none hides the next.
#   benchmarks/gpu_pipeline_check.sh WHEELS OUT [TENSORRT_SITE]
# WHEELS has wheels for the Python there (pydantic and its needs, pycuda built or as source, pytools, mako, platformdirs,
# siphash24); OUT gets logs and JSON; TENSORRT_SITE is a folder in which TensorRT or TensorRT-RTX is installed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
wheels=${1:?usage: gpu_pipeline_check.sh WHEELS OUT [TENSORRT_SITE]}
out=${2:?usage: gpu_pipeline_check.sh WHEELS OUT [TENSORRT_SITE]}
tensorrt=${3:-}
python=${PYTHON:-python3}
site=$(mktemp -d)
mkdir -p "$out"
failed=()

step() { # NAME SECONDS COMMAND...
  local name=$1 limit=$2; shift 2
  local begin=$SECONDS
  if timeout "$limit" "$@" >"$out/$name.log" 2>&1; then echo "ok      $name ($((SECONDS - begin)) s)"
  else echo "FAILED  $name ($((SECONDS - begin)) s, exit $?); the end of its log:"; tail -n 25 "$out/$name.log"; failed+=("$name"); fi
}

install=("$python" -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$site")
architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
curand=$("$python" -c 'import importlib.util as u, pathlib
root = u.find_spec("nvidia")
print(next((str(p.parent) for r in (root.submodule_search_locations if root else ()) for p in pathlib.Path(r).rglob("libcurand.so.10")), ""))')
export LD_LIBRARY_PATH="${curand:+$curand:}${LD_LIBRARY_PATH:-}"
nvidia=$(ldconfig -p | sed -n 's/.*=> \(.*\)\/libcuda.so.1$/\1/p' | head -n 1)
[ -n "$nvidia" ] || nvidia=$(dirname "$(find / -xdev -name libcuda.so.1 -not -path '/proc/*' 2>/dev/null | head -n 1)")

mapfile -t ready < <(find "$wheels" -maxdepth 1 -name '*.whl')
step wheels 60 "${install[@]}" "${ready[@]}"
export PYTHONPATH="$site${tensorrt:+:$tensorrt}"
if ! compgen -G "$wheels/pycuda-*.whl" >/dev/null; then
  cuda=${CUDA_ROOT:-/usr/local/cuda}
  headers=$(find / -xdev -name curand.h -not -path '/proc/*' 2>/dev/null | head -n 1)
  links=$(mktemp -d); ln -sf "$nvidia/libcuda.so.1" "$links/libcuda.so"; ln -sf "$curand/libcurand.so.10" "$links/libcurand.so"
  export CUDA_ROOT=$cuda CPATH="$cuda/include${headers:+:$(dirname "$headers")}" LIBRARY_PATH="$links"
  step pycuda 150 "${install[@]}" --no-build-isolation "$wheels"/pycuda-*.tar.gz
fi
step package 150 "$python" -m pip install --quiet --no-index --no-deps --no-build-isolation --editable . \
  --config-settings="cmake.define.EDGE_CUDA_ARCHITECTURES=$architecture"

export FAIL_WITHOUT_GPU=1 PYTHONUNBUFFERED=1
tests=("$python" -m pytest -q -p no:cacheprovider --tb=short -o filterwarnings=default)
step device 60 "${tests[@]}" tests/gpu/test_pycuda_device.py
step answers 100 "${tests[@]}" tests/gpu/test_lane.py -k cuda
[ -z "$tensorrt" ] || step tensorrt 60 "${tests[@]}" tests/gpu/test_tensorrt_on_gpu.py
for engine in torch torch-fp16 ${tensorrt:+tensorrt}; do
  step "pipeline_$engine" 60 "$python" -m benchmarks.gpu_pipeline --engine "$engine" --output "$out/gpu_pipeline_$engine.json" \
    --trace "$out/gpu_trace.json"
done
cat "$out"/gpu_pipeline_*.json 2>/dev/null
[ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}"; exit 1; }
