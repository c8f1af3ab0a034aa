# SPDX-License-Identifier: Apache-2.0
"""What FFmpeg's errors say about a stream, as reasons and sentences; its own texts hold the password."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import av.error

from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.stream_address import StreamAddress

_SYSTEM_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")

_REASONS: tuple[tuple[type[Exception], FaultReason], ...] = (
    (av.error.HTTPUnauthorizedError, FaultReason.authentication),
    (av.error.HTTPForbiddenError, FaultReason.authentication),
    (av.error.HTTPNotFoundError, FaultReason.not_found),
    (av.error.FileNotFoundError, FaultReason.not_found),
    (av.error.DecoderNotFoundError, FaultReason.codec),
    (av.error.DemuxerNotFoundError, FaultReason.codec),
    (av.error.ProtocolNotFoundError, FaultReason.codec),
    (av.error.PatchWelcomeError, FaultReason.codec),
    (av.error.ExitError, FaultReason.timeout),
    (av.error.TimeoutError, FaultReason.timeout),
    (av.error.EOFError, FaultReason.ended),
    (av.error.InvalidDataError, FaultReason.truncated),
)

_TOLD = {
    FaultReason.authentication: "refuses this user or password; check both",
    FaultReason.not_found: "has no stream of that name; check its path",
    FaultReason.codec: "sends what FFmpeg cannot decode; set the camera to H.264, H.265 or MJPEG",
    FaultReason.tls_certificate: (
        "shows a certificate that is not trusted; name the camera's own with ca_file=FILE, or give up checking with"
        " tls_verify=0"
    ),
    FaultReason.tls_handshake: "and this machine agree on no encryption; update the camera, or use an address without",
    FaultReason.connection: "cannot be reached; check that it is on and that host and port are right",
    FaultReason.timeout: "does not answer; check its power and network",
    FaultReason.ended: "ended the stream; check the camera",
    FaultReason.truncated: "sends nothing that can be read; check the network, and that its address is right",
}


def fault_from_error(error: Exception, address: StreamAddress, *, timed_out: bool, opening: bool) -> ReaderError:
    """Return the fault that an error of FFmpeg stands for.

    An answer that does not come within the time limit may look like damaged data to it, and every failure of an
    encryption is the same error; there, a handshake of our own tells more.
    """
    reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), FaultReason.connection)
    if timed_out and reason in {FaultReason.truncated, FaultReason.connection, FaultReason.ended}:
        reason = FaultReason.timeout
    if opening and address.has_tls and reason is FaultReason.connection:
        reason = _tls_fault(address)
    return fault(address, reason)


def fault(address: StreamAddress, reason: FaultReason) -> ReaderError:
    """Return the fault of a stream for a reason."""
    return ReaderError(f"stream {address.name} {_TOLD[reason]}", reason=reason)


def certificates(address: StreamAddress) -> str | None:
    """Return the file of certificates that the server's is checked against; None for the library's own."""
    if address.ca_file is not None:
        return str(Path(address.ca_file).expanduser())
    known = (ssl.get_default_verify_paths().cafile, *_SYSTEM_CERTIFICATES)
    return next((file for file in known if file and Path(file).is_file()), None)


def _tls_fault(address: StreamAddress, *, timeout_s: float = 2.0) -> FaultReason:
    context = ssl.create_default_context(cafile=certificates(address))
    if not address.tls_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address.host, address.port), timeout_s) as connection,
            context.wrap_socket(connection, server_hostname=address.host),
        ):
            return FaultReason.connection
    except ssl.SSLCertVerificationError:
        return FaultReason.tls_certificate
    except ssl.SSLError:
        return FaultReason.tls_handshake
    except OSError:
        return FaultReason.connection
