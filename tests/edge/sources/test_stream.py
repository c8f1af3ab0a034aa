# SPDX-License-Identifier: Apache-2.0
"""Streams of a real server on the loopback, and what becomes of them when it misbehaves."""

from __future__ import annotations

import gc
import ssl
import threading
import time
import weakref
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.soak.h264 import Clip
from benchmarks.soak.rtsp_server import Misbehaviour, RtspServer
from edge.errors import UsageError
from edge.frame import PixelFormat
from edge.sources import open_source
from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.reconnect import Reconnect
from edge.sources.stream import stream_from_uri
from edge.sources.stream_address import StreamAddress
from edge.sources.stream_reader import StreamReader
from edge.sources.supervision import Patience, SourceState
from tests.edge.sources.scripted_reader import wait_until

HASTY = Patience(open_s=1.0, first_frame_s=2.0, stall_s=0.5, backoff_s=(0.1, 0.2), refused_s=0.2)
SLACK_S = 1.0


def reader_of(address: str, **timeouts: float) -> StreamReader:
    settings = {"open_timeout_s": 1.0, "read_timeout_s": 0.5, **timeouts}
    return StreamReader(StreamAddress.from_uri(address), **settings)


def test_frames_are_those_that_were_sent(clip: Clip) -> None:
    with RtspServer(clip) as server, open_source(server.address) as source:
        frames = source.frames()
        seen = [next(frames) for _ in range(30)]
        assert source.fps == clip.fps
    assert [frame.index for frame in seen] == sorted({frame.index for frame in seen})
    assert {(frame.pixel_format, frame.width_px, frame.height_px) for frame in seen} == {(PixelFormat.NV12, 160, 120)}
    shades = [float(frame.pixels[:120].mean()) for frame in seen]
    numbers = [round((shade - 16) * 255 / 219 - 40) / 4 % 25 for shade in shades]
    steps = [(after - before) % 25 for before, after in pairwise(numbers)]
    assert all(step > 0.5 for step in steps), "a picture was shown twice, or pictures went back"
    assert all(np.ptp(frame.pixels[:120].astype(int)) < 16 for frame in seen)
    assert source.name == server.address


@pytest.mark.parametrize(
    ("misbehaviour", "reasons"),
    [
        (Misbehaviour.stall, {"timeout"}),
        (Misbehaviour.frozen, {"timeout"}),
        (Misbehaviour.fin, {"ended", "truncated"}),
        (Misbehaviour.rst, {"ended", "truncated", "connection"}),
        (Misbehaviour.garbage, {"timeout", "truncated", "ended", "connection"}),
        (Misbehaviour.unauthorized, {"ended", "authentication"}),
        (Misbehaviour.missing, {"ended", "not_found"}),
    ],
)
def test_stream_comes_back_by_itself(clip: Clip, misbehaviour: Misbehaviour, reasons: set[str]) -> None:
    with RtspServer(clip) as server, stream_from_uri(server.address, patience=HASTY) as source:
        frames = source.frames()
        before = next(frames)
        server.misbehaviour = misbehaviour
        begin_s = time.monotonic()
        wait_until(lambda: source.status.state is not SourceState.live)
        assert time.monotonic() - begin_s <= HASTY.stall_s + SLACK_S
        assert source.status.reason in reasons
        time.sleep(0.3)
        server.misbehaviour = Misbehaviour.none
        wait_until(lambda: source.status.state is SourceState.live)
        indices = [before.index, *(next(frames).index for _ in range(5))]
        assert indices == sorted(set(indices))
        assert sum(source.status.reconnects.values()) >= 1


def test_server_that_was_off_is_connected_again(clip: Clip) -> None:
    with RtspServer(clip) as server:
        source = stream_from_uri(server.address, patience=HASTY)
        frames = source.frames()
        next(frames)
        port = server.port
    wait_until(lambda: source.status.reason == "connection")
    with RtspServer(clip, port=port):
        wait_until(lambda: source.status.state is SourceState.live)
        next(frames)
    source.close()


@pytest.mark.parametrize(
    ("misbehaviour", "reason", "told"),
    [
        (Misbehaviour.unauthorized, FaultReason.authentication, "refuses this user or password"),
        (Misbehaviour.missing, FaultReason.not_found, "has no stream of that name"),
        (Misbehaviour.frozen, FaultReason.timeout, "does not answer"),
        (Misbehaviour.garbage, FaultReason.timeout, "does not answer"),
    ],
)
def test_reason_of_a_failed_opening_is_told(
    clip: Clip, misbehaviour: Misbehaviour, reason: FaultReason, told: str
) -> None:
    with RtspServer(clip) as server:
        server.misbehaviour = misbehaviour
        begin_s = time.monotonic()
        with pytest.raises(ReaderError, match=told) as caught:
            reader_of(server.address).read(0.5)
        assert caught.value.reason is reason
        assert time.monotonic() - begin_s < 3


def test_server_that_is_not_there_cannot_be_reached() -> None:
    with pytest.raises(ReaderError, match=r"rtsp://127\.0\.0\.1:1/live cannot be reached") as caught:
        open_source("rtsp://127.0.0.1:1/live")
    assert caught.value.reason is FaultReason.connection
    assert isinstance(caught.value, ReaderError)


def test_pictures_before_the_first_key_frame_are_counted(clip: Clip) -> None:
    with RtspServer(clip, key_first=False) as server:
        reader = reader_of(server.address, read_timeout_s=2.0)
        reader.read(2.0)
        assert set(reader.dropped) <= {"before the first key frame"}
        reader.close()


def test_closing_from_another_thread_ends_a_reader_that_waits(clip: Clip) -> None:
    with RtspServer(clip) as server:
        reader = reader_of(server.address)
        reader.read(0.5)
        server.misbehaviour = Misbehaviour.stall
        threading.Timer(0.1, reader.close).start()
        with pytest.raises(ReaderError, match="ended the stream"):
            list(iter(lambda: reader.read(0.5), None))
        reader.close()
        wait_until(lambda: server.connections == 0)


def test_password_is_refused_and_accepted(clip: Clip, tmp_path: Path) -> None:
    secret = tmp_path / "camera.password"
    with RtspServer(clip, user="me", password="p@s:s/w%o#rd?&") as server:  # noqa: S106 - a test's own
        address = server.address.replace("//", "//me@") + f"?password_file={secret}"
        secret.write_text("wrong\n", encoding="utf-8")
        with pytest.raises(ReaderError, match="refuses this user or password"):
            stream_from_uri(address)
        with stream_from_uri(address, patience=HASTY, reconnect=Reconnect.always) as source:
            wait_until(lambda: source.status.state is SourceState.refused)
            secret.write_text("p@s:s/w%o#rd?&\n", encoding="utf-8")
            assert next(source.frames()).index == 0


def test_certificate_is_checked(clip: Clip, certificate: tuple[Path, ssl.SSLContext]) -> None:
    file, context = certificate
    with RtspServer(clip, tls=context) as server:
        with pytest.raises(ReaderError, match="certificate that is not trusted") as caught:
            reader_of(server.address)
        assert caught.value.reason is FaultReason.tls_certificate
        for option in (f"ca_file={file}", "tls_verify=0"):
            reader = reader_of(f"{server.address}?{option}")
            reader.read(1.0)
            reader.close()


def test_server_without_encryption_is_no_encrypted_one(clip: Clip) -> None:
    with RtspServer(clip) as server, pytest.raises(ReaderError) as caught:
        reader_of(server.address.replace("rtsp:", "rtsps:"))
    assert caught.value.reason in {FaultReason.tls_handshake, FaultReason.timeout}


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("rtsp://", "names no host"),
        ("rtsp://cam:99999/live", "is no address"),
        ("rtsp://cam/live?transport=pigeon", "must be tcp or udp, got 'pigeon'"),
        ("rtsp://cam/live?transport=tcp&transport=udp", "given twice"),
        ("rtsp://cam/live?password_env=X", "has a password and no user"),
        ("rtsp://me@cam/live?password_env=EDGE_NOT_SET", "EDGE_NOT_SET is not set"),
        ("rtsp://me@cam/live?password_file=/nowhere", "/nowhere cannot be read: No such file"),
        ("rtsps://cam/live?ca_file=/nowhere", "ca_file /nowhere, which is not there"),
        ("http://cam /live", "names no host"),
    ],
)
def test_wrong_address_is_a_usage_error(uri: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        open_source(uri)


def test_query_of_the_server_is_left_to_it() -> None:
    address = StreamAddress.from_uri("rtsp://cam/h264?channel=1&transport=udp&subtype=0")
    assert (address.path, address.transport) == ("/h264?channel=1&subtype=0", "udp")
    assert address.connection(None) == "rtsp://cam:554/h264?channel=1&subtype=0"
    assert StreamAddress.from_uri("rtsp://[::1]:8554/a").connection(None) == "rtsp://[::1]:8554/a"


def test_closed_reader_is_gone_at_once(clip: Clip) -> None:
    gc.disable()
    try:
        with RtspServer(clip) as server:
            reader = reader_of(server.address)
            reader.read(0.5)
            reader.close()
            gone = weakref.ref(reader)
            del reader
        assert gone() is None, "decoders would pile up until the garbage collector looks"
    finally:
        gc.enable()
