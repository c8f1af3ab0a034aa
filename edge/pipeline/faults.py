# SPDX-License-Identifier: Apache-2.0
"""Several errors at once: one can be raised, and the others are told all the same."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence


def raise_first(errors: Sequence[BaseException]) -> None:
    """Raise the first error, if there is one, after a warning of each of the others."""
    if errors:
        warn_of(errors[1:])
        raise errors[0]


def warn_of(errors: Iterable[BaseException]) -> None:
    """Issue a `RuntimeWarning` for each error that nobody is there to catch."""
    for error in errors:
        warnings.warn(str(error), RuntimeWarning, stacklevel=3)
