# SPDX-License-Identifier: Apache-2.0
"""What is counted for Prometheus; the file that imports its client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

import edge
from edge.results import FrameResult
from edge.sinks.gesture_events import GestureEvents
from edge.sinks.label import label_of
from edge.sources.source import Source

LATENCY_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
MOST_LABELS = 64
OTHER = "other"
LIVE = "live"


class MetricCounts:
    """The counts of one run, in a registry of their own; no label is unbounded, a URL or a hand."""

    def __init__(self, sources: Sequence[Source], losses: Callable[[], Mapping[str, int]]) -> None:
        self._registry = registry = CollectorRegistry()
        self._labels: dict[str, set[str]] = {}
        self._events: dict[str, GestureEvents] = {}
        self._states: dict[str, str] = {}
        Info("edge", "What runs.", registry=registry).info({"version": edge.__version__})
        self._frames = Counter("edge_frames", "Results.", ["source"], registry=registry)
        self._hands = Gauge("edge_hands", "Hands in the latest result.", ["source"], registry=registry)
        self._gestures = Counter(
            "edge_gestures_started", "Gestures that started.", ["source", "gesture"], registry=registry
        )
        self._latency = Histogram(
            "edge_latency_seconds",
            "Time of each stage; total runs from capture to result.",
            ["stage"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._newest = Gauge(
            "edge_last_frame_timestamp_seconds",
            "Unix time of the latest result.",
            ["source"],
            registry=registry,
        )
        self._up = Gauge("edge_source_up", "1 while frames come.", ["source"], registry=registry)
        self._changes = Counter(
            "edge_source_changes",
            "Changes of a source's state.",
            ["source", "state"],
            registry=registry,
        )
        registry.register(_Losses(sources, losses))
        ProcessCollector(registry=registry)
        for source in sources:
            self.note_status(source.name, "opening")

    def add(self, result: FrameResult) -> None:
        """Count a result."""
        source = self._bounded("source", label_of(result.source))
        if self._states.get(source) != LIVE:
            self.note_status(result.source, LIVE)
        self._frames.labels(source).inc()
        self._hands.labels(source).set(len(result.hands))
        self._newest.labels(source).set(time.time())
        for stage, value_ms in result.latency_ms.items():
            self._latency.labels(self._bounded("stage", stage)).observe(value_ms / 1e3)
        for event in self._events.setdefault(source, GestureEvents()).update(result):
            if event.event == "started":
                self._gestures.labels(source, self._bounded("gesture", event.gesture)).inc()

    def note_status(self, source: str, state: str) -> None:
        """Count a change of a source's state."""
        label = self._bounded("source", label_of(source))
        self._states[label] = state
        self._up.labels(label).set(state == LIVE)
        self._changes.labels(label, self._bounded("state", state)).inc()

    def page(self) -> tuple[str, bytes]:
        """Return the content type and the text that Prometheus reads."""
        return CONTENT_TYPE_LATEST, generate_latest(self._registry)

    def _bounded(self, kind: str, value: str) -> str:
        """Return a label, or `other` when there are too many of its kind; each would be kept for ever."""
        known = self._labels.setdefault(kind, set())
        if value not in known and len(known) >= MOST_LABELS:
            return OTHER
        known.add(value)
        return value


class _Losses(Collector):
    """What source and sinks lost, read when Prometheus asks."""

    def __init__(self, sources: Sequence[Source], losses: Callable[[], Mapping[str, int]]) -> None:
        self._sources, self._losses = sources, losses

    def collect(self) -> Iterable[Metric]:
        frames = CounterMetricFamily("edge_source_dropped_frames", "Frames the source dropped.", labels=["source"])
        for source in self._sources:
            frames.add_metric([label_of(source.name)], sum(source.dropped.values()))
        yield frames
        sinks = CounterMetricFamily("edge_sink_lost", "What sinks lost and went on without.", labels=["sink"])
        for kind, count in self._losses().items():
            sinks.add_metric([kind], count)
        yield sinks
