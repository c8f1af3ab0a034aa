# SPDX-License-Identifier: Apache-2.0
"""From frames to results, with stages overlapping: `Pipeline`, its runs and their summaries."""

from __future__ import annotations

from edge.pipeline.models import with_segmenter
from edge.pipeline.pipeline import DEFAULT_MODELS, Pipeline
from edge.pipeline.run import PipelineRun
from edge.pipeline.summary import RunSummary

__all__ = ["DEFAULT_MODELS", "Pipeline", "PipelineRun", "RunSummary", "with_segmenter"]
