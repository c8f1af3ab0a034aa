# SPDX-License-Identifier: Apache-2.0
"""What a command that needs the checkout says where there is only the wheel."""

from __future__ import annotations

from edge.errors import DependencyError

CHECKOUT_PACKAGES = frozenset({"benchmarks", "calibration", "export", "training"})
WORKSTATION_PACKAGES = frozenset(
    {
        "PIL",
        "faster_coco_eval",
        "jinja2",
        "matplotlib",
        "onnx",
        "onnxscript",
        "onnxsim",
        "scipy",
        "tensorboard",
        "timm",
        "torch",
        "torchvision",
    }
)


def missing_workstation_package(program: str, error: ModuleNotFoundError) -> Exception:
    """Return the `DependencyError` that tells how to get the package, or `error` itself when it is no such package."""
    package = (error.name or "").partition(".")[0]
    if package not in CHECKOUT_PACKAGES | WORKSTATION_PACKAGES:
        return error
    return DependencyError(
        f"{program} needs {package!r}, which the wheel does not bring; "
        "run it in a checkout after `pip install -e .[workstation]`"
    )
