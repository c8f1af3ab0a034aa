# SPDX-License-Identifier: Apache-2.0
"""Bundles: whether each computes what its exporter did, and under which licences it may be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.bundle.zoo import find_bundle
from edge.doctor.finding import Finding, finding_from_error
from edge.errors import EdgeError


def examine_models(names: Sequence[str]) -> Iterator[Finding]:
    """Yield the self-test of each precision of each bundle, then the licences of its weights and data."""
    bundles = {}
    for name in names:
        opened = _opened(name)
        if isinstance(opened, Finding):
            yield opened
            continue
        bundles[name] = opened
        for precision in opened.precisions:
            yield _self_test(opened, name, precision)
    for name, bundle in bundles.items():
        provenance = bundle.manifest.provenance
        data = sorted({_short(source.licence) for source in provenance.data})
        told = f"weights {provenance.weights_licence}; {len(provenance.data)} sets of data: {', '.join(data) or 'none'}"
        yield Finding("licences", f"model {name}", told)


def _opened(name: str) -> Bundle | Finding:
    try:
        return Bundle.open(find_bundle(name))
    except EdgeError as error:
        return finding_from_error("models", name, error)


def _short(licence: str) -> str:
    """Return a licence without the remark behind it; the bundle has that."""
    return licence.partition(" (")[0].partition(";")[0].partition(" as declared")[0]


def _self_test(bundle: Bundle, name: str, precision: Precision) -> Finding:
    try:
        report = bundle.verify(precision=precision)
    except EdgeError as error:
        return finding_from_error("models", f"{name} {precision}", error)
    largest = max(report.max_abs_difference.values(), default=0.0)
    return Finding("models", f"{name} {precision}", f"self-test passed, outputs differ by up to {largest:.1e}")
