# SPDX-License-Identifier: Apache-2.0
"""The service: what runs for months under systemd, and what installs it."""
