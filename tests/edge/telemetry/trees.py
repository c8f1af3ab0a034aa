# SPDX-License-Identifier: Apache-2.0
"""File trees as `edge.telemetry` reads them: of an Orin Nano under load, of a PC, and of a laptop."""

from __future__ import annotations

_HWMON, _THERMAL = "sys/class/hwmon", "sys/class/thermal"
_POWERCAP = "sys/class/powercap/intel-rapl:0"

ORIN_NANO = {
    "proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0005-super\0nvidia,tegra234\0",
    "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=15W >\n< POWER_MODEL ID=1 NAME=25W >\n",
    "var/lib/nvpmodel/status": "pmode:0001 fmode:fanNull",
    f"{_HWMON}/hwmon0/name": "pwmfan\n",
    f"{_HWMON}/hwmon1/name": "ina3221\n",
    f"{_HWMON}/hwmon1/in1_label": "VDD_IN\n",
    f"{_HWMON}/hwmon1/in1_input": "4976\n",
    f"{_HWMON}/hwmon1/curr1_input": "1440\n",
    f"{_HWMON}/hwmon1/in2_label": "VDD_CPU_GPU_CV\n",
    f"{_HWMON}/hwmon1/in2_input": "4968\n",
    f"{_HWMON}/hwmon1/curr2_input": "528\n",
    f"{_HWMON}/hwmon1/in3_label": "VDD_SOC\n",
    f"{_HWMON}/hwmon1/in3_input": "4968\n",
    f"{_HWMON}/hwmon1/curr3_input": "344\n",
    f"{_HWMON}/hwmon1/in7_label": "sum of shunt voltages\n",
    f"{_HWMON}/hwmon1/in7_input": "23\n",
    f"{_HWMON}/hwmon2/name": "soctherm_oc\n",
    f"{_HWMON}/hwmon2/oc1_event_cnt": "0\n",
    f"{_HWMON}/hwmon2/oc3_event_cnt": "7\n",
    f"{_THERMAL}/thermal_zone0/type": "cpu-thermal\n",
    f"{_THERMAL}/thermal_zone0/temp": "58031\n",
    f"{_THERMAL}/thermal_zone1/type": "gpu-thermal\n",
    f"{_THERMAL}/thermal_zone1/temp": "-256000\n",
    f"{_THERMAL}/thermal_zone2/type": "tj-thermal\n",
    f"{_THERMAL}/thermal_zone2/temp": "61500\n",
    f"{_THERMAL}/cooling_device0/type": "pwm-fan\n",
    f"{_THERMAL}/cooling_device0/cur_state": "3\n",
    f"{_THERMAL}/cooling_device1/type": "cpu-throttle-alert\n",
    f"{_THERMAL}/cooling_device1/cur_state": "1\n",
    f"{_THERMAL}/cooling_device2/type": "gpu-throttle-alert\n",
    f"{_THERMAL}/cooling_device2/cur_state": "0\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1728000\n",
    "sys/devices/system/cpu/cpu10/cpufreq/scaling_cur_freq": "729600\n",
    "sys/class/devfreq/17000000.gpu/cur_freq": "1020000000\n",
    "sys/class/devfreq/15480000.nvdec/cur_freq": "1000000\n",
}
PC = {
    f"{_POWERCAP}/name": "package-0\n",
    f"{_POWERCAP}/energy_uj": "65532000000\n",
    f"{_POWERCAP}/max_energy_range_uj": "65532610987\n",
    f"{_POWERCAP}:0/name": "core\n",
    f"{_POWERCAP}:0/energy_uj": "1\n",
    f"{_HWMON}/hwmon0/name": "k10temp\n",
    f"{_HWMON}/hwmon0/temp1_label": "Tctl\n",
    f"{_HWMON}/hwmon0/temp1_input": "44875\n",
    "proc/cpuinfo": "processor\t: 0\ncpu MHz\t\t: 2445.406\n\nprocessor\t: 1\ncpu MHz\t\t: 3100.000\n",
    "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "4\n",
}
_PSYS = "sys/class/powercap/intel-rapl:1"
LAPTOP = {
    f"{_POWERCAP}/name": "package-0\n",
    f"{_POWERCAP}/energy_uj": "196309127712\n",
    f"{_POWERCAP}/max_energy_range_uj": "262143328850\n",
    f"{_PSYS}/name": "psys\n",
    f"{_PSYS}/energy_uj": "87341266204\n",
    f"{_PSYS}/max_energy_range_uj": "262143328850\n",
}
