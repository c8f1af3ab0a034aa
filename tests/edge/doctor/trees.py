# SPDX-License-Identifier: Apache-2.0
"""File trees of Jetsons, as far as the doctor reads them; the lines are those that owners of such boards published."""

from __future__ import annotations

from pathlib import Path

_GROUPS = "root:x:0:\nvideo:x:44:nvidia\nrender:x:104:\njtop:x:999:\n"
_RELEASE = "# R{}, BOARD: generic, EABI: aarch64, DATE: {}\n# KERNEL_VARIANT: oot\nTARGET_USERSPACE_LIB_DIR=nvidia\n"


def _packages(**versions: str) -> str:
    """Return dpkg's list; `__` in a name stands for a hyphen."""
    paragraphs = [
        f"Package: {name.replace('__', '-')}\nStatus: install ok installed\nArchitecture: arm64\nVersion: {version}\n"
        for name, version in versions.items()
    ]
    removed = "Package: libnvinfer8\nStatus: deinstall ok config-files\nVersion: 8.6.2\n"
    return "\n".join([*paragraphs, removed])


def _memory(total_kb: int, available_kb: int) -> str:
    return f"MemTotal:       {total_kb} kB\nMemFree:         1000 kB\nMemAvailable:   {available_kb} kB\n"


ORIN_NANO_JETPACK_6 = {
    "etc/os-release": 'PRETTY_NAME="Ubuntu 22.04.5 LTS"\nNAME="Ubuntu"\n',
    "etc/nv_tegra_release": _RELEASE.format(
        "36 (release), REVISION: 4.3, GCID: 38968081", "Wed Jan  8 01:49:37 UTC 2025"
    ),
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super\0",
    "proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0005-super\0nvidia,p3767-0005\0nvidia,tegra234\0",
    "proc/meminfo": _memory(7802596, 5230000),
    "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=15W >\nCPU_ONLINE CORE_0 1\n< POWER_MODEL ID=1 NAME=25W >\n"
    "< POWER_MODEL ID=2 NAME=MAXN_SUPER >\n< POWER_MODEL ID=3 NAME=7W >\n< PARAM TYPE=FILE NAME=X >\n",
    "var/lib/nvpmodel/status": "pmode:0001 fmode:fanNull",
    "var/lib/dpkg/status": _packages(
        nvidia__jetpack="6.2+b77",
        cuda__toolkit__12__6="12.6.11-1",
        libcudnn9__cuda__12="9.3.0.75-1",
        libnvinfer10="10.3.0.30-1+cuda12.5",
        python3__libnvinfer="10.3.0.30-1+cuda12.5",
    ),
    "etc/group": _GROUPS,
    "dev/video0": "",
    "dev/video1": "",
    "dev/nvmap": "",
    "dev/nvhost-ctrl-gpu": "",
}
ORIN_JETPACK_7 = ORIN_NANO_JETPACK_6 | {
    "etc/os-release": 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\n',
    "etc/nv_tegra_release": _RELEASE.format("39 (release), REVISION: 2.2", "Mon Aug 10 2026"),
    "proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0",
    "proc/device-tree/compatible": "nvidia,p3737-0000+p3701-0005\0nvidia,p3701-0005\0nvidia,tegra234\0",
    "proc/meminfo": _memory(64342016, 57000000),
    "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=1 NAME=MODE_15W >\n",
    "var/lib/nvpmodel/status": "pmode:0000 fmode:cool",
    "var/lib/dpkg/status": _packages(
        nvidia__jetpack="7.2.2", cuda__toolkit__13__2="13.2.0-1", libnvinfer10="10.16.1.7-1+cuda13.2"
    ),
    "dev/dri/renderD128": "",
}
THOR = {
    "etc/os-release": 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\n',
    "etc/nv_tegra_release": _RELEASE.format(
        "38 (release), REVISION: 2.2, GCID: 42205042", "Thu Sep 25 22:47:11 UTC 2025"
    ),
    "proc/device-tree/model": "NVIDIA Jetson AGX Thor Developer Kit\0",
    "proc/device-tree/compatible": "nvidia,p4071-0000+p3834-0008\0nvidia,p3834-0008\0nvidia,tegra264\0",
    "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.00  Release Build\n",
    "proc/meminfo": _memory(128814080, 120000000),
    "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=1 NAME=120W >\n",
    "var/lib/nvpmodel/status": "pmode:0001 fmode:fanNull",
    "var/lib/dpkg/status": _packages(libnvinfer10="10.13.3.9-1+cuda13.0", python3__libnvinfer="10.13.3.9-1+cuda13.0"),
    "etc/group": "video:x:44:nvidia\nrender:x:992:nvidia\n",
    "dev/nvmap": "",
    "dev/dri/renderD128": "",
}
XAVIER_JETPACK_5 = {
    "etc/nv_tegra_release": _RELEASE.format(
        "35 (release), REVISION: 4.1, GCID: 33958178", "Tue Aug  1 19:57:35 UTC 2023"
    ),
    "proc/device-tree/model": "NVIDIA Jetson Xavier NX Developer Kit\0",
    "proc/device-tree/compatible": "nvidia,p3449-0000+p3668-0000\0nvidia,p3668-0000\0nvidia,tegra194\0",
    "proc/meminfo": _memory(7000000, 300000),
    "etc/group": "video:x:44:\n",
    "dev/nvmap": "",
}


def write_tree(root: Path, files: dict[str, str]) -> Path:
    """Write the files of a tree under `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
