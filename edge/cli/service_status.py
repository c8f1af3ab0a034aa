# SPDX-License-Identifier: Apache-2.0
"""`edge-service status`: the status file, and what systemd says."""

from __future__ import annotations

import json as json_module
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from edge.errors import DependencyError
from edge.service.status import FILE as STATUS_FILE
from edge.service.status import boot_id, read_status
from edge.service.unit import FILE, NAME

SCHEMA = "edge.service-status/1"
_PROPERTIES = ("LoadState", "ActiveState", "SubState", "UnitFileState", "NRestarts", "Result", "ExecMainStatus")
_TIMEOUT_S = 10


def status(*, json: bool) -> int:
    """Print what the service does; return 7 when it does not run. Raises `SourceError`."""
    folder = os.environ.get("RUNTIME_DIRECTORY", f"/run/{NAME}")
    unit, told = unit_properties(), read_status(Path(folder) / STATUS_FILE)
    age_s = _age_s(told)
    if json:
        document = {"schema": SCHEMA, "unit": unit, "status": told, "age_s": age_s}
        print(json_module.dumps(document, allow_nan=False))
    else:
        print("\n".join(_lines(unit, told, age_s)))
    return 0 if unit.get("ActiveState") in {"active", "reloading"} else DependencyError.exit_code


def unit_properties() -> dict[str, str]:
    """Return what systemd says of the unit; empty where it does not run."""
    words = ["systemctl", "show", FILE, f"--property={','.join(_PROPERTIES)}"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return {}
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {key: value for key, equals, value in pairs if equals and value}


def _age_s(told: dict[str, Any] | None) -> float | None:
    """Return how old a status is, None where it is of another boot."""
    then_s = None if told is None or told.get("boot_id") != boot_id() else told.get("monotonic_s")
    return round(max(time.monotonic() - then_s, 0.0), 1) if isinstance(then_s, (int, float)) else None


def _lines(unit: dict[str, str], told: dict[str, Any] | None, age_s: float | None) -> list[str]:
    lines = [f"unit     {_told_unit(unit)}"]
    if told is None:
        return [*lines, "status   none; it writes one while it runs"]
    age = "from before the last boot" if age_s is None else f"{age_s:g} s ago"
    lines.append(f"status   {told.get('doing')} ({age})")
    for source in told.get("sources", ()):
        last_s = source.get("last_frame_age_s")
        since = "no frame yet" if last_s is None else f"last frame {last_s:g} s before"
        reason = f", {source['message']}" if source.get("message") else ""
        lines.append(
            f"source   {source.get('name')}: {source.get('state')}, {source.get('frames')} frames, {since}{reason}"
        )
    for sink in told.get("sinks", ()):
        errors = f", {sink['errors']} errors, the last: {sink['last_error']}" if sink.get("errors") else ""
        lines.append(
            f"sink     {sink.get('name')}: {sink.get('written')} written, {sink.get('dropped')} dropped{errors}"
        )
    device, cooling = told.get("device", {}), told.get("cooling", {})
    lines.append(f"device   {device.get('name')} ({device.get('reason')})")
    lines.append(f"models   {', '.join(f'{name} {version}' for name, version in told.get('models', {}).items())}")
    heat = "no sensor" if cooling.get("temperature_c") is None else f"{cooling['temperature_c']:.0f} degrees Celsius"
    lines.append(f"heat     {heat}" + (f", slowed down: {cooling.get('reason')}" if cooling.get("step") else ""))
    return lines


def _told_unit(unit: dict[str, str]) -> str:
    if not unit:
        return "systemd does not run here"
    if unit.get("LoadState") == "not-found":
        return "not installed; `sudo edge-service install` does that"
    code = unit.get("ExecMainStatus", "0")
    ended = f", its last exit code {code}" if code != "0" else ""
    return f"{unit.get('ActiveState')} ({unit.get('SubState')}), restarted {unit.get('NRestarts', '0')} times{ended}"
