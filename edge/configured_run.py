# SPDX-License-Identifier: Apache-2.0
"""`ConfiguredRun`: a run of a pipeline as a `Config` describes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from edge.config import Change, Config, change
from edge.config.sink_settings import SinkSettings
from edge.config.source_settings import SourceSettings
from edge.errors import UsageError
from edge.results import FrameResult
from edge.sinks.from_settings import SinkContext, sink_from_settings
from edge.sinks.sink import Sink
from edge.sinks.trouble import tell_by_warning
from edge.sources.source import Source

if TYPE_CHECKING:
    from typing_extensions import Self

    from edge.pipeline import RunSummary


def _do_nothing() -> None:
    pass


class ConfiguredRun(Iterator[FrameResult]):
    """Results of a run; entering opens source, models and sinks, leaving closes them.

    `on_quit` is called when a user closes a window, `tell` with a line of what is wrong with a sink that goes on.

    Attributes:
        frame_count: how many results there will be at most; None where nobody knows.

    Raises:
        UsageError: there is no source.
        EdgeError: from entering, whatever cannot be opened.
    """

    def __init__(
        self,
        config: Config,
        *,
        on_quit: Callable[[], None] = _do_nothing,
        tell: Callable[[str], None] = tell_by_warning,
    ) -> None:
        if not config.sources:
            raise UsageError("nothing to run on; add a source to the configuration")
        self.config = config
        self.frame_count: int | None = None
        self._on_quit, self._tell = on_quit, tell
        self._opened = ExitStack()
        self._sinks: list[tuple[SinkSettings, Sink]] = []
        self._lost_by_gone: Counter[str] = Counter()

    def __enter__(self) -> Self:
        from edge.pipeline import DEFAULT_MODELS, Pipeline, with_segmenter
        from edge.pipeline.source_news import SourceNews

        config = self.config
        with ExitStack() as opened:
            sources = [opened.enter_context(self._source(settings)) for settings in config.sources]
            models = config.models or DEFAULT_MODELS
            pipeline = Pipeline(
                models if config.mask is None else with_segmenter(models),
                device=config.device,
                threads=config.threads,
                min_score=config.min_score,
                tracking=config.tracking,
            )
            opened.enter_context(pipeline)
            self._sinks = [(settings, self._sink(config, settings)) for settings in config.sinks]
            sinks = [*(sink for _, sink in self._sinks), *mask_sinks(config)]
            self._run = opened.enter_context(
                pipeline.run_all(sources, max_frames=config.max_frames, max_age_ms=config.max_age_ms, sinks=sinks)
            )
            self._news = opened.enter_context(SourceNews(self._run.statuses, self._note))
            self.frame_count = _frame_count(sources, config.max_frames)
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def __iter__(self) -> ConfiguredRun:
        return self

    def __next__(self) -> FrameResult:
        return next(self._run)

    def stop(self) -> None:
        """Capture no more frames; those on their way still come out. Safe to call from a signal handler."""
        self._run.stop()

    def summary(self) -> RunSummary:
        """Return what the run amounted to so far."""
        return self._run.summary()

    def apply(self, config: Config) -> Change:
        """Take over what of another configuration can be taken over now, from any thread; return what that was.

        Sinks whose settings are the same go on. When a new one cannot be opened the old ones are opened again, go on
        where they were, and the error is raised.
        """
        told = change(self.config, config)
        if "sinks" in told.now:
            self._exchange_sinks(config)
        self.config = self.config.model_copy(update={key: getattr(config, key) for key in told.now})
        return told

    def _source(self, settings: SourceSettings) -> Source:
        from edge.sources import open_source

        source = open_source(settings.address, reconnect=self.config.reconnect)
        source.name = settings.name or source.name
        return source

    def _exchange_sinks(self, config: Config) -> None:
        wanted = list(config.sinks)
        staying, leaving = [], []
        for pair in self._sinks:
            if pair[0] in wanted:
                wanted.remove(pair[0])
                staying.append(pair)
            else:
                leaving.append(pair)
        coming = [(settings, self._sink(config, settings, goes_on=True)) for settings in wanted]

        def those_before() -> list[Sink]:
            coming[:] = [(settings, self._sink(self.config, settings, goes_on=True)) for settings, _ in leaving]
            return [sink for _, sink in coming]

        try:
            self._run.exchange_sinks([sink for _, sink in leaving], [sink for _, sink in coming], instead=those_before)
        finally:
            for settings, sink in leaving:
                self._lost_by_gone[settings.type] += sum(sink.lost.values())
            self._sinks = [*staying, *coming]
            self._news.repeat()

    def _note(self, source: str, state: str) -> None:
        for _, sink in list(self._sinks):
            sink.note_status(source, state)

    def _sink(self, config: Config, settings: SinkSettings, *, goes_on: bool = False) -> Sink:
        context = SinkContext(
            masks=config.run_lengths, goes_on=goes_on, on_quit=self._on_quit, tell=self._tell, losses=self._losses
        )
        return sink_from_settings(settings, context)

    def _losses(self) -> dict[str, int]:
        lost = self._lost_by_gone.copy()
        for settings, sink in list(self._sinks):
            lost[settings.type] += sum(sink.lost.values())
        return dict(lost)


def mask_sinks(config: Config) -> list[Sink]:
    """Return the sink that writes masks as pictures, where they are asked for."""
    if config.mask is None or config.run_lengths:
        return []
    from edge.sinks.mask_folder import MaskFolderSink

    return [MaskFolderSink(config.mask)]


def _frame_count(sources: Sequence[Source], max_frames: int | None) -> int | None:
    counts = [
        min((count for count in (source.frame_count, max_frames) if count is not None), default=None)
        for source in sources
    ]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
