# SPDX-License-Identifier: Apache-2.0
"""From GStreamer's errors to the kinds of fault that a live source may have."""

from __future__ import annotations

from typing import Any

from edge.sources.gst_library import GstLibrary
from edge.sources.live_reader import FaultReason, ReaderError

_RESOURCE = {
    "NOT_FOUND": FaultReason.not_found,
    "BUSY": FaultReason.busy,
    "NOT_AUTHORIZED": FaultReason.permission,
    "SETTINGS": FaultReason.settings,
}
_STREAM = dict.fromkeys(
    ("TYPE_NOT_FOUND", "WRONG_TYPE", "CODEC_NOT_FOUND", "DECODE", "DEMUX", "FORMAT", "NOT_IMPLEMENTED"),
    FaultReason.codec,
)
_CORE = {"MISSING_PLUGIN": FaultReason.codec, "NEGOTIATION": FaultReason.settings, "CAPS": FaultReason.settings}

_REMEDIES = {
    FaultReason.not_found: "check its name",
    FaultReason.busy: "stop the program that uses it",
    FaultReason.permission: "give this user access to it",
    FaultReason.codec: "install the plugin for its format, or convert it",
    FaultReason.settings: "ask for a mode that it has",
    FaultReason.connection: "check its cable and power",
}


def fault_from_error(library: GstLibrary, name: str, error: Any) -> ReaderError:  # noqa: ANN401 - GLib's error
    """Return what an error on a pipeline's bus means for whoever uses the source."""
    reason = _reason(library, error)
    told = str(error.message).rstrip(".")
    return ReaderError(f"source {name} failed: {told}; {_REMEDIES[reason]}", reason=reason)


def _reason(library: GstLibrary, error: Any) -> FaultReason:  # noqa: ANN401
    gst = library.gst
    tables = (
        (gst.resource_error_quark(), gst.ResourceError, _RESOURCE),
        (gst.stream_error_quark(), gst.StreamError, _STREAM),
        (gst.core_error_quark(), gst.CoreError, _CORE),
    )
    for domain, codes, reasons in tables:
        for code, reason in reasons.items():
            if error.matches(domain, getattr(codes, code)):
                return reason
    # A source that cannot agree with what follows says only that its stream broke: not-negotiated (-4).
    if error.matches(gst.stream_error_quark(), gst.StreamError.FAILED) and "negotiated" in str(error.message):
        return FaultReason.settings
    return FaultReason.connection
