# SPDX-License-Identifier: Apache-2.0
"""A connection to an MQTT broker, as its settings describe it."""

from __future__ import annotations

import hashlib
import platform
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config.sink_settings import MqttSettings, TlsSettings
from edge.errors import DependencyError, OutputError
from edge.sinks.mqtt_messages import OFFLINE
from edge.sinks.secret import secret_of_sink

if TYPE_CHECKING:
    from paho.mqtt.client import Client

LONGEST_WAIT_S = 8
CONNECT_TIMEOUT_S = 5.0


def client_from_settings(settings: MqttSettings, *, name: str, will_topic: str, most_underway: int) -> Client:
    """Return a client that is not connected; the broker says `offline` at `will_topic` when it loses it.

    Raises:
        OutputError: a secret or a certificate cannot be read.
        DependencyError: paho-mqtt is not installed.
    """
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        told = "pip install 'edge-hands[mqtt]'"
        raise DependencyError(f"{name} needs paho-mqtt, which is not installed; run {told}") from error
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id_of(settings.node), clean_session=True)
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.reconnect_delay_set(1, LONGEST_WAIT_S)
    client.max_inflight_messages_set(most_underway)
    client.will_set(will_topic, OFFLINE, qos=1, retain=True)
    if settings.user is not None:
        client.username_pw_set(
            settings.user, secret_of_sink(name, file=settings.password_file, variable=settings.password_env)
        )
    if settings.tls is not None:
        client.tls_set_context(_tls_context(settings.tls, name))
    return client


def client_id_of(node: str, *, machine_id: Path = Path("/etc/machine-id")) -> str:
    """Return a name that no other machine has: a broker throws off the older of two clients of one name."""
    try:
        machine = machine_id.read_bytes().strip()
    except OSError:
        machine = b""
    digest = hashlib.sha256(b"edge-hands:" + (machine or platform.node().encode())).hexdigest()
    return f"edge-{node}-{digest[:12]}"


def _tls_context(tls: TlsSettings, name: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file is not None:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except OSError as error:
        told = "check ca_file, cert_file and key_file"
        raise OutputError(f"{name}: certificates cannot be read: {error}; {told}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
