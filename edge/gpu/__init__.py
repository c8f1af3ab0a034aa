# SPDX-License-Identifier: Apache-2.0
"""What runs on a GPU: the kernels and how they are launched, and the device they and the models run on."""
