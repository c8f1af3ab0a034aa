# SPDX-License-Identifier: Apache-2.0
"""The settings of each kind of sink."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from edge.config.source_settings import NAME_PATTERN
from edge.standard_output import STANDARD_OUTPUT
from edge.strict_model import StrictModel

MOST_QUEUED = 100_000

_Port = Annotated[int, Field(ge=1, le=65535)]
_Seconds = Annotated[float, Field(gt=0, le=3600)]
_Queue = Annotated[int, Field(ge=1, le=MOST_QUEUED)]


class JsonLinesSettings(StrictModel):
    """Results as JSON lines, schema edge.frame/1.

    Attributes:
        path: the file; `-` is standard output.
        max_mb, max_hours: size and age at which the file is closed and another begun; null for never.
        keep: how many closed files stay, the newest.
    """

    type: Literal["jsonl"]
    path: Annotated[Path, Field(description="The file; - is standard output.")]
    max_mb: Annotated[float | None, Field(ge=0.001, le=1e6, description="Megabytes at which another is begun.")] = None
    max_hours: Annotated[float | None, Field(ge=0.0001, le=1e5, description="Hours at which another is begun.")] = None
    keep: Annotated[int, Field(ge=1, le=10_000, description="How many closed files stay, the newest.")] = 10

    @property
    def on_standard_output(self) -> bool:
        """Whether lines go to standard output."""
        return str(self.path) in STANDARD_OUTPUT

    @property
    def rotates(self) -> bool:
        """Whether the file is ever closed for another."""
        return self.max_mb is not None or self.max_hours is not None

    @property
    def max_bytes(self) -> float:
        """Size at which another file is begun."""
        return math.inf if self.max_mb is None else self.max_mb * 1e6

    @property
    def max_age_s(self) -> float:
        """Age at which another file is begun."""
        return math.inf if self.max_hours is None else self.max_hours * 3600

    @model_validator(mode="after")
    def _rotates_files(self) -> JsonLinesSettings:
        if self.rotates and self.on_standard_output:
            raise ValueError("standard output cannot rotate; remove max_mb and max_hours or name a file")
        return self


class VideoSettings(StrictModel):
    """An annotated video file: .mp4, .mkv, .avi or .webm."""

    type: Literal["video"]
    path: Annotated[Path, Field(description="The file: .mp4, .mkv, .avi or .webm.")]


class WindowSettings(StrictModel):
    """A window; q closes it."""

    type: Literal["window"]


class TlsSettings(StrictModel):
    """How a connection is encrypted; the certificate of the other side is verified.

    Attributes:
        ca_file: certificates to trust in place of the system's.
        cert_file, key_file: this side's own certificate, where the other one asks for it.
        verify: false accepts any certificate: for a test alone.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    verify: bool = True

    @model_validator(mode="after")
    def _key_with_certificate(self) -> TlsSettings:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together; give both or neither")
        return self


class MqttSettings(StrictModel):
    """Results and states at an MQTT broker.

    Attributes:
        host, port: the broker; port 8883 with `tls`, else 1883.
        tls: how the connection is encrypted; null for not at all.
        user, password_file, password_env: how to be let in.
        prefix, node: beginning of every topic, `prefix/node/...`.
        discovery: prefix of Home Assistant's discovery; null for none.
        queue: events kept while the broker is away; the oldest are dropped and counted.
        interval_s: least time between two states of one source; gestures' events come at once.
        frames: whether every result is published too.
    """

    type: Literal["mqtt"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$", description="Name or address of the broker.")]
    port: _Port | None = None
    tls: TlsSettings | None = None
    user: Annotated[str, Field(min_length=1)] | None = None
    password_file: Path | None = None
    password_env: Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=100)] = "edge"
    node: Annotated[str, Field(pattern=NAME_PATTERN)] = "hands"
    discovery: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")] | None = "homeassistant"
    queue: _Queue = 1000
    interval_s: Annotated[float, Field(ge=0, le=3600)] = 1.0
    keepalive_s: Annotated[int, Field(ge=2, le=3600)] = 15
    frames: bool = False

    @property
    def effective_port(self) -> int:
        """Port that is used."""
        return self.port or (1883 if self.tls is None else 8883)

    @model_validator(mode="after")
    def _one_password(self) -> MqttSettings:
        if self.password_file is not None and self.password_env is not None:
            raise ValueError("password_file and password_env exclude each other; give one of them")
        if self.user is None and (self.password_file is not None or self.password_env is not None):
            raise ValueError("a password needs its user; add user:")
        return self


class MetricsSettings(StrictModel):
    """`/metrics` for Prometheus and `/healthz` over HTTP.

    Attributes:
        address, port: where to listen; any other address than this machine's own needs a `token_file`.
        token_file: file whose first line every request for metrics must carry as `Authorization: Bearer`.
        hosts: names in `Host:` headers that are answered besides this machine's own.
    """

    type: Literal["metrics"]
    address: Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+$", description="IP address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9464
    token_file: Path | None = None
    hosts: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_\[\]-]{1,253}$")], ...] = ()

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.address == "::1" or self.address.startswith("127.")

    @model_validator(mode="after")
    def _token_where_open(self) -> MetricsSettings:
        if not self.on_loopback and self.token_file is None:
            raise ValueError(f"address {self.address} is open to others; add token_file: or listen on 127.0.0.1")
        return self


class WebhookSettings(StrictModel):
    """Results or gestures' events posted to a URL as JSON.

    Attributes:
        url: where to post.
        send: `events` for gestures that start and end, `frames` for every result with a hand.
        batch: how many go into one request at most.
        timeout_s: how long one request may take.
        queue: how many wait at most; the oldest are dropped and counted.
        attempts: how often one batch is tried before it is dropped and counted.
        header, secret_file: header that carries the first line of a file.
    """

    type: Literal["webhook"]
    url: Annotated[str, Field(pattern=r"^https?://[^\s@/]+(/\S*)?$", max_length=2000)]
    send: Literal["events", "frames"] = "events"
    batch: Annotated[int, Field(ge=1, le=1000)] = 50
    timeout_s: Annotated[_Seconds, Field(le=60)] = 5.0
    queue: _Queue = 1000
    attempts: Annotated[int, Field(ge=1, le=100)] = 8
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "Authorization"
    secret_file: Path | None = None

    @model_validator(mode="after")
    def _address_that_can_be_posted_to(self) -> WebhookSettings:
        try:
            parts = urlsplit(self.url)
            fits = bool(parts.hostname) and parts.port != 0 and self.url.isascii() and self.url.isprintable()
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                "url must be http(s)://HOST[:PORT]/PATH in ASCII, with a port of 1 to 65535; escape others"
            )
        return self


SinkSettings: TypeAlias = Annotated[
    JsonLinesSettings | VideoSettings | WindowSettings | MqttSettings | MetricsSettings | WebhookSettings,
    Field(discriminator="type"),
]
SinkSettingsOf = TypeVar(
    "SinkSettingsOf", JsonLinesSettings, VideoSettings, WindowSettings, MqttSettings, MetricsSettings, WebhookSettings
)
