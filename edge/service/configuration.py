# SPDX-License-Identifier: Apache-2.0
"""From a configuration to a `ServiceJob`."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from edge.bundle.zoo import find_bundle
from edge.config import Config, read_config
from edge.config.source_settings import SourceSettings
from edge.configured_run import mask_sinks
from edge.errors import ConfigError, UsageError
from edge.pipeline.models import with_segmenter
from edge.pipeline.pipeline import DEFAULT_MODELS, Pipeline
from edge.service.job import ServiceJob
from edge.sinks.from_settings import SinkContext, sink_from_settings
from edge.sinks.sink import Sink
from edge.sources.open import open_source
from edge.sources.reconnect import Reconnect
from edge.sources.source import Source

log = logging.getLogger("edge.service")

DEFAULT_CONFIGURATION = """\
# What the edge-hands service looks at and where results go; `sudo systemctl reload edge-hands` takes changes over.
sources:
  - uri: v4l2:/dev/video0
sinks:
  - type: jsonl
    path: /var/lib/edge-hands/hands.jsonl
    max_mb: 100
    keep: 5
"""


def job_from_file(path: Path) -> ServiceJob:
    """Return what a configuration file asks for. Raises `ConfigError`."""
    return job_from_config(read_config(path), origin=path)


def job_from_config(config: Config, *, origin: Path) -> ServiceJob:
    """Return what a configuration asks for. Raises `ConfigError` for what a service cannot do."""
    _require_honoured(config, origin)
    models = config.models or DEFAULT_MODELS

    def open_pipeline(device: str) -> Pipeline:
        named = models if config.mask is None else with_segmenter(models)
        return Pipeline(
            named, device=device, threads=config.threads, min_score=config.min_score, tracking=config.tracking
        )

    def open_sinks() -> Sequence[Sink]:
        sinks: list[tuple[str, Sink]] = []

        def losses() -> Mapping[str, int]:
            lost: Counter[str] = Counter()
            for kind, sink in sinks:
                lost[kind] += sum(sink.lost.values())
            return lost

        context = SinkContext(
            masks=config.run_lengths, goes_on=True, on_quit=lambda: None, tell=log.warning, losses=losses
        )
        sinks += [(sink.type, sink_from_settings(sink, context)) for sink in config.sinks]
        return [*(sink for _, sink in sinks), *mask_sinks(config)]

    return ServiceJob(
        open_sources=lambda: _opened_sources(config.sources),
        open_pipeline=open_pipeline,
        open_sinks=open_sinks,
        device=config.device,
        settings=config.service,
        max_age_ms=config.max_age_ms,
    )


def _require_honoured(config: Config, origin: Path) -> None:
    """Raise `ConfigError` for what a service cannot do; folders of models may be those of another machine."""
    if not config.sources:
        raise ConfigError(f"configuration {origin} has no source; add one, such as uri: v4l2:/dev/video0")
    if any(sink.type == "window" for sink in config.sinks):
        raise ConfigError(f"configuration {origin} has a sink of type window, and a service has no screen; remove it")
    if config.max_frames is not None:
        raise ConfigError(f"configuration {origin} has max_frames, and a service does not end; remove it")
    if "reconnect" in config.model_fields_set and config.reconnect != "always":
        raise ConfigError(
            f"configuration {origin} has reconnect: {config.reconnect}, and a service waits for every source; remove it"
        )
    for model in config.models:
        if "/" not in model:
            try:
                find_bundle(model)
            except UsageError as error:
                raise ConfigError(f"configuration {origin}: {error}") from error


def _opened_sources(settings: Sequence[SourceSettings]) -> list[Source]:
    """Return the sources; cameras and streams that are not there are waited for, whatever happens."""
    with ExitStack() as opened:
        sources = []
        for each in settings:
            source = opened.enter_context(open_source(each.address, reconnect=Reconnect.always))
            source.name = each.name or source.name
            sources.append(source)
        opened.pop_all()
    return sources
