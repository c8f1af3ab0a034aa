# SPDX-License-Identifier: Apache-2.0
"""`Unit`: what systemd is told of the service, from typed fields; see systemd.exec(5) and systemd.service(5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.errors import BundleError, UsageError
from edge.service.devices import Devices
from edge.service.settings import ServiceSettings

NAME = "edge-hands"
FILE = f"{NAME}.service"
DEVICES_FILE = "10-devices.conf"
MARK = "# Written by edge-service"
"""How a file begins that belongs to this package."""

NEVER_RESTARTED = (UsageError.exit_code, BundleError.exit_code)
"""Exit codes of what is configured wrong, or of a damaged model: both stay so until somebody mends them."""
ENDED = (129, 130, 143)
"""Exit codes of an end that was asked for by a signal."""

# Those that are not there are passed over; a GPU's nodes are made by these, or by udev.
_AFTER = (
    "network.target",
    "systemd-udev-trigger.service",
    "nvidia-persistenced.service",
    "nvpmodel.service",
    "nvargus-daemon.service",
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of the service.

    Attributes:
        command: words that start it.
        user: who it runs as; its group has the same name.
        groups: groups that own device nodes.
        settings: limits.
    """

    command: tuple[str, ...]
    user: str
    groups: tuple[str, ...]
    settings: ServiceSettings

    def text(self) -> str:
        """Return the unit file."""
        return "\n".join((*self._head(), "", "[Service]", *self._process(), *self._limits(), *_SANDBOX, *_TAIL, ""))

    def _head(self) -> tuple[str, ...]:
        return (
            f"{MARK}; edge-service uninstall removes it, and an override belongs into {FILE}.d/.",
            "[Unit]",
            "Description=Hands, gestures and keypoints before cameras (edge-hands)",
            f"After={' '.join(_AFTER)}",
            "StartLimitIntervalSec=10min",
            "StartLimitBurst=10",
        )

    def _process(self) -> tuple[str, ...]:
        return (
            "Type=notify",
            "NotifyAccess=main",
            f"ExecStart={' '.join(_quoted(word.replace('$', '$$')) for word in self.command)}",
            "ExecReload=/bin/kill -HUP $MAINPID",
            "KillMode=mixed",
            "TimeoutStartSec=60",
            "TimeoutStopSec=10",
            f"WatchdogSec={self.settings.watchdog_s:g}",
            "Restart=on-failure",
            "RestartSec=2",
            f"RestartPreventExitStatus={' '.join(map(str, NEVER_RESTARTED))}",
            f"SuccessExitStatus={' '.join(map(str, ENDED))}",
            f"User={self.user}",
            *([f"SupplementaryGroups={' '.join(self.groups)}"] if self.groups else []),
            f"StateDirectory={NAME}",
            f"CacheDirectory={NAME}",
            f"RuntimeDirectory={NAME}",
            f"ConfigurationDirectory={NAME}",
            "StateDirectoryMode=0750",
            "CacheDirectoryMode=0700",
            "RuntimeDirectoryMode=0755",
            "RuntimeDirectoryPreserve=restart",
            f"WorkingDirectory=/var/lib/{NAME}",
        )

    def _limits(self) -> tuple[str, ...]:
        return (
            f"MemoryHigh={self.settings.memory_high_mb}M",
            f"MemoryMax={self.settings.memory_max_mb}M",
            f"TasksMax={self.settings.most_tasks}",
            *(f"ReadWritePaths=-{_quoted(folder)}" for folder in self.settings.writable),
        )


# Left out: PrivateDevices=yes would hide GPU and cameras, MemoryDenyWriteExecute=yes forbids what CUDA compiles.
_SANDBOX = (
    "UMask=0077",
    "LimitCORE=0",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=no",
    "DevicePolicy=closed",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "ProtectProc=invisible",
    "ProcSubset=all",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "LockPersonality=yes",
    "RemoveIPC=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
)
_TAIL = ("", "[Install]", "WantedBy=multi-user.target")


def devices_text(devices: Devices) -> str:
    """Return the drop-in that opens the devices of this machine."""
    lines = [
        f"{MARK} from the device nodes of this machine; install again when its hardware or JetPack changes.",
        "[Service]",
        "DeviceAllow=",
        *(f"DeviceAllow={name} rw" for name in devices.allowed),
    ]
    if devices.has_csi:
        # The socket of the daemon of cameras on CSI, /tmp/argus_socket, is made anew whenever that starts.
        lines += ["PrivateTmp=no", f"Environment=TMPDIR=%t/{NAME}"]
    return "\n".join((*lines, ""))


def is_ours(path: Path) -> bool:
    """Return whether a file is there and was written by this package."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    except OSError:
        return False


def _quoted(word: str) -> str:
    """Return a word as systemd reads it: specifiers and quotes stand for themselves."""
    escaped = word.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    return escaped if escaped and not set(escaped) & set(" \t'\";\\") else f'"{escaped}"'
