# SPDX-License-Identifier: Apache-2.0
"""An RTSP or HTTP stream as a live source."""

from __future__ import annotations

from edge.errors import DependencyError
from edge.sources.live import LiveSource
from edge.sources.live_reader import LiveReader
from edge.sources.reconnect import Reconnect
from edge.sources.stream_address import StreamAddress
from edge.sources.supervision import Patience

STREAM_PATIENCE = Patience()


def stream_from_uri(
    uri: str, *, reconnect: Reconnect | str = Reconnect.once_live, patience: Patience = STREAM_PATIENCE
) -> LiveSource:
    """Open `rtsp://`, `rtsps://`, `http://` or `https://`, with a user and options as `StreamAddress` has them.

    Raises:
        UsageError: the address or an option is not well formed, or carries a password.
        ReaderError: the stream cannot be opened.
        DependencyError: PyAV is not installed.
    """
    address = StreamAddress.from_uri(uri)

    def open_reader() -> LiveReader:
        try:
            from edge.sources.stream_reader import StreamReader
        except ModuleNotFoundError as error:
            if error.name != "av":
                raise
            raise DependencyError(
                f"stream {address.name} needs PyAV, which is not installed; pip install 'edge-hands[live]'"
            ) from error
        return StreamReader(address, open_timeout_s=patience.open_s, read_timeout_s=patience.stall_s)

    return LiveSource(address.name, open_reader, patience=patience, reconnect=reconnect)
