# SPDX-License-Identifier: Apache-2.0
"""`examine`: everything that is looked at, for what is configured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.bundle.zoo import find_bundle, shipped_names
from edge.device import DeviceName
from edge.doctor.acceleration import examine_acceleration
from edge.doctor.access import User, current_user, examine_access
from edge.doctor.cameras import examine_cameras
from edge.doctor.finding import Finding
from edge.doctor.libraries import examine_libraries
from edge.doctor.models import examine_models
from edge.doctor.runtimes import examine_runtimes
from edge.doctor.system import examine_system
from edge.errors import SourceError

_PROVING_MODEL = "gesture-classifier"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is meant to work here: the device, the models, a camera; `root` is another machine's file tree."""

    device: DeviceName = DeviceName.auto
    models: tuple[str, ...] = ()
    camera: Path | None = None
    root: Path | None = None
    user: User | None = None


def examine(configuration: Configuration) -> Iterator[Finding]:
    """Yield what is found, topic by topic; of a recorded tree only what files tell. Raises `SourceError`."""
    root, user = configuration.root or Path("/"), configuration.user or current_user()
    if not root.is_dir():
        raise SourceError(f"{root} is not a folder; give the root of a recorded file tree")
    yield from examine_system(root)
    yield from examine_access(root, user, device=configuration.device.value, camera=configuration.camera)
    if configuration.root is not None:
        return
    yield from examine_cameras(configuration.camera)
    yield from examine_acceleration(configuration.device.value)
    # Whether that bundle is sound is told below, among the models.
    yield from examine_runtimes(find_bundle(_PROVING_MODEL) / "model.onnx")
    yield from examine_models(configuration.models or shipped_names())
    yield from examine_libraries()
