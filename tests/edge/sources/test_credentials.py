# SPDX-License-Identifier: Apache-2.0
"""A password never shows, whatever is in it."""

from __future__ import annotations

import io
import json
import logging
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.soak.h264 import Clip
from benchmarks.soak.rtsp_server import RtspServer
from edge.cli.run_settings import config_from_options
from edge.errors import EdgeError, UsageError
from edge.pipeline import Pipeline
from edge.sources import open_source
from edge.sources.credentials import Credentials, redacted
from edge.sources.reconnect import Reconnect
from edge.sources.stream import stream_from_uri
from edge.sources.supervision import Patience
from tests.edge.pipeline.scripted import numbered_detector
from tests.edge.sources.scripted_reader import wait_until

SCHEMES = st.sampled_from(["rtsp", "rtsps", "http", "https"])
# The middle is in no other word of a message, wherever a parser may cut the password.
EDGES = st.text(alphabet="@:/%#?&= +ä€Zq7", max_size=6)
PASSWORDS = st.builds(lambda before, behind: f"{before}Xq7vK{behind}", EDGES, EDGES)
CORE = "Xq7vK"


@given(password=PASSWORDS, scheme=SCHEMES)
def test_password_in_an_address_is_refused_unseen(password: str, scheme: str) -> None:
    for written in (password, quote(password, safe="")):
        uri = f"{scheme}://admin:{written}@camera.local/live?channel=1"
        assert CORE not in redacted(uri)
        with pytest.raises(UsageError, match="carries a password") as caught:
            open_source(uri)
        assert CORE not in "".join(traceback.format_exception(caught.value))


@given(
    key=st.sampled_from(["password", "pwd", "Passwd", "loginpas", "token", "auth"]), value=st.text("Zq@:/%", max_size=5)
)
def test_password_in_a_query_is_shown_by_its_name_only(key: str, value: str) -> None:
    assert CORE not in redacted(f"rtsp://cam/live?user=admin&{key}={CORE}{value}&channel=1")


@given(password=PASSWORDS, begin=st.sampled_from(["rtmp://", "rtsp//", "//", "rtsp:/", "RTSP://", "rtsp:", ""]))
def test_password_shows_in_no_message_where_the_scheme_is_wrong(password: str, begin: str) -> None:
    uri = f"{begin}admin:{password}@camera.local/live"
    assert CORE not in redacted(uri)
    with pytest.raises(EdgeError) as caught:
        open_source(uri)
    assert CORE not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(UsageError, match="exclude each other") as refused:
        config_from_options(positionals=[uri], camera=uri)
    assert CORE not in str(refused.value)


def test_scheme_may_be_written_in_capitals() -> None:
    with pytest.raises(UsageError, match="names no host"):
        open_source("RTSP:///live")


def test_names_of_files_and_variables_are_shown() -> None:
    uri = "rtsp://me@cam/live?password_file=/run/secret&x=1"
    assert redacted(uri) == uri
    assert redacted("clip.mp4") == "clip.mp4"


@given(user=PASSWORDS, password=PASSWORDS)
def test_password_is_in_no_repr(user: str, password: str) -> None:
    credentials = Credentials(user, password + "!")
    assert repr(credentials) == f"Credentials(user={user!r})"
    assert credentials.userinfo.count(":") == 1
    assert not set(credentials.userinfo) & set("@/#?&")


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=PASSWORDS)
def test_server_takes_the_password_and_nothing_else_shows_it(
    clip: Clip, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", password)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    shown = []
    patience = Patience(open_s=2, stall_s=2, backoff_s=(0.05,), refused_s=0.1)
    try:
        with RtspServer(clip, user="me", password=password) as server:
            address = server.address.replace("//", "//me@") + "?password_env=CAMERA_PASSWORD"
            source = stream_from_uri(address, patience=patience, reconnect=Reconnect.always)
            with Pipeline([numbered_detector()], threads=1) as pipeline:
                run = pipeline.run(source, max_frames=2)
                shown += [result.to_json() for result in run]
                server.password = "another"  # noqa: S105 - a test's own
                shown.append(json.dumps(run.summary().to_dict()))
            assert f'"source":"{address}"' in shown[0]
            with stream_from_uri(address, patience=patience, reconnect=Reconnect.always) as refused:
                wait_until(lambda: refused.status.reason == "authentication")
                shown += [repr(refused.status), refused.name, repr(vars(refused))]
            with pytest.raises(Exception, match="refuses this user") as caught:
                stream_from_uri(address, patience=patience)
            shown.append("".join(traceback.format_exception(caught.value)))
    finally:
        logging.getLogger().removeHandler(handler)
    shown.append(log.getvalue())
    assert "refuses this user" in shown[-1]
    assert not [text for text in shown if CORE in text]


def test_password_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for content, told in ((b"", "is empty"), (b"\nsecond", "is empty"), (b"\xff\xfe", "is not text in UTF-8")):
        file.write_bytes(content)
        with pytest.raises(UsageError, match=told):
            Credentials.from_file("me", file)
    file.write_bytes("sörcret \r\nnote".encode())
    assert Credentials.from_file("me", file).password == "sörcret "  # noqa: S105 - a test's own
