# SPDX-License-Identifier: Apache-2.0
"""File trees of machines: the device nodes they list, and the users and groups they have."""

from __future__ import annotations

from pathlib import Path

ORIN_JETPACK_6 = """
nvmap nvhost-gpu nvhost-ctrl nvhost-ctrl-gpu nvhost-as-gpu nvhost-dbg-gpu nvhost-prof-gpu nvhost-tsg-gpu
nvhost-nvsched-gpu nvhost-power-gpu nvhost-ctrl-nvdla0 nvhost-ctrl-pva0 nvhost-sched-gpu nvgpu/igpu0/as
nvgpu/igpu0/channel nvgpu/igpu0/ctrl
nvgpu/igpu0/dbg nvgpu/igpu0/nvsched nvgpu/igpu0/power nvgpu/igpu0/prof nvgpu/igpu0/sched nvgpu/igpu0/tsg nvsciipc
host1x-fence nvidia0 nvidiactl nvidia-modeset dri/card0 dri/card1 dri/renderD128 dri/renderD129 v4l2-nvdec v4l2-nvenc
capture-vi-channel0 capture-vi-channel1 capture-isp-channel0 video0 media0 null zero tty0 mem i2c-0 gpiochip0 mmcblk0
"""
THOR_JETPACK_7 = """
nvmap nvhost-ctrl-nvdec nvhost-ctrl-pva0 nvhost-ctxsw-gpu nvgpu/igpu0/ctrl nvgpu/igpu0/power nvidia0 nvidiactl
nvidia-modeset nvidia-uvm nvidia-uvm-tools nvidia-caps/nvidia-cap1 nvidia-caps/nvidia-cap2
nvsciipc host1x-fence dri/card0 dri/renderD128
capture-vi-channel0 media0 null zero tty0 mem nvme0n1 nvme-fabrics
"""
DESKTOP = """
nvidia0 nvidiactl nvidia-modeset nvidia-uvm nvidia-uvm-tools nvidia-caps/nvidia-cap1 nvidia-caps/nvidia-cap2 dri/card0
dri/renderD128 video0 video1 media0 null zero tty0 mem sda sda1 kvm hidraw0
"""
USB_CAMERA_ONLY = "video0 video1 media0 null zero tty0 mem mmcblk0 gpiochip0 vchiq"

MACHINES = {
    "orin": (ORIN_JETPACK_6, "video render"),
    "thor": (THOR_JETPACK_7, "video render"),
    "desktop": (DESKTOP, "video render"),
    "camera": (USB_CAMERA_ONLY, "video"),
}


def machine_tree(root: Path, name: str) -> Path:
    """Make the tree of a machine; its nodes are empty files, as a listing tells only names."""
    nodes, groups = MACHINES[name]
    for node in nodes.split():
        path = root / "dev" / node
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    etc = root / "etc"
    etc.mkdir(exist_ok=True)
    (etc / "group").write_text("root:x:0:\n" + "".join(f"{group}:x:44:\n" for group in groups.split()))
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nedge-hands:x:990:990::/var/lib/edge-hands:/bin/false\n")
    return root
