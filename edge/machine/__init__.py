# SPDX-License-Identifier: Apache-2.0
"""What this machine is: its GPU and driver, its board and its release of Jetson Linux."""
