"""Render the drift report as HTML with Evidently.

Evidently receives the bin label of each value instead of the value. So its PSI equals the one in
findings.json, unknown values and sentinels get bars, and the page holds no client's amounts.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests.registry import StatTest, register_stattest
from evidently.legacy.core import ColumnType
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.legacy.renderers.html_widgets import CounterData, counter, plotly_data
from evidently.metrics import ValueDrift
from evidently.metrics.column_statistics import ValueDriftCalculation

from monitoring.comparison import (
    MIN_CLIENTS_PER_SAMPLE,
    RISK,
    ColumnComparison,
    ColumnKind,
    DriftResult,
)
from monitoring.drift_checks import DriftFinding
from monitoring.evidently_overview import build_overview
from monitoring.outputs import replace_tags
from monitoring.psi import DRIFT_PSI_THRESHOLD, compute_psi
from monitoring.sample import Sample

PSI_METHOD = "psi_of_bins"
"""Name under which our PSI is registered with Evidently."""

CHART_LAYOUT = {
    "margin": {"t": 10, "b": 10},
    "xaxis": {"type": "category", "automargin": True},
    "yaxis": {"tickformat": ".0%"},
}
"""Bins are categories in the given order; the y axis shows shares, so that samples of different
sizes can be compared."""


class BinDrift(ValueDrift):  # type: ignore[misc] # Evidently's classes are untyped
    """Evidently's column drift metric, drawn with our bins in their order."""

    labels: list[str]
    """Names of the bins, in order."""
    limit: float
    """PSI above which the column has drifted."""


class BinDriftCalculation(ValueDriftCalculation, ABC):  # type: ignore[misc]
    """Draw shares in bin order; Evidently draws counts, largest first.

    Evidently reads the metric class from type parameters, which this subclass lacks. It skips that
    step for subclasses of ABC.
    """

    def _render(self, result: Any, options: object, color_options: Any) -> list[BaseWidgetInfo]:
        del options
        bars = []
        for name, sample, color in (
            ("reference", result.reference, color_options.get_reference_data_color()),
            ("current", result.current, color_options.get_current_data_color()),
        ):
            counts = pd.Series(sample.distribution.y, index=sample.distribution.x)
            shares = (counts / counts.sum()).reindex(self.metric.labels, fill_value=0.0)
            bars.append({
                "type": "bar", "name": name, "marker": {"color": color},
                "x": self.metric.labels, "y": shares.tolist(),
            })  # fmt: skip
        status = "Drift" if result.drift_detected else "No drift"
        label = f"{status}. PSI {result.drift_score:.3f}, limit {self.metric.limit:.3g}"
        return [
            counter(counters=[CounterData(label, self.metric.column)]),
            plotly_data(title="", data=bars, layout=CHART_LAYOUT),
        ]


BinDrift.__calculation_type__ = BinDriftCalculation


def write_report(drift: DriftResult, findings: Sequence[DriftFinding], path: Path) -> None:
    """Write the HTML page: the overview, the risk, then all application columns, drifted first."""
    _register_psi_test()
    risk, columns = (
        drift.columns_of_kind(ColumnKind.RISK),
        drift.columns_of_kind(ColumnKind.APPLICATION),
    )
    ordered_columns = [*risk, *sorted(columns, key=lambda c: (not c.has_drifted, -c.psi.value))]
    metrics = [
        BinDrift(
            column=column.column,
            method=PSI_METHOD,
            threshold=DRIFT_PSI_THRESHOLD,
            labels=_escape_labels(column),
            limit=column.psi.limit,
        )
        for column in ordered_columns
    ]
    definition = DataDefinition(categorical_columns=[column.column for column in ordered_columns])
    current, reference = (
        Dataset.from_pandas(_build_frame(sample, ordered_columns), definition)
        for sample in (drift.current, drift.reference)
    )
    report = Report([build_overview(drift, findings), *metrics])
    report.run(current, reference).save_html(str(path))


def _build_frame(sample: Sample, columns: Sequence[ColumnComparison]) -> pd.DataFrame:
    """Return the bin label of each value: one row per client, one column per compared column."""
    values = {**sample.application, RISK: sample.risk}
    return pd.DataFrame({
        column.column: np.array(_escape_labels(column), dtype=object)[
            column.bins.assign_bins(values[column.column])
        ]
        for column in columns
    })  # fmt: skip


def _escape_labels(column: ColumnComparison) -> list[str]:
    return [replace_tags(label) for label in column.bins.labels]


def _register_psi_test() -> None:
    test = StatTest(
        name=PSI_METHOD,
        display_name="PSI of bins",
        allowed_feature_types=[ColumnType.Categorical],
        default_threshold=DRIFT_PSI_THRESHOLD,
    )
    register_stattest(test, _compare_bins)


def _compare_bins(
    reference: pd.Series, current: pd.Series, kind: ColumnType, threshold: float
) -> tuple[float, bool]:
    """Compute our PSI for Evidently; our limit depends on the sample sizes, so ignore `threshold`.

    Returns:
        The PSI and whether the column has drifted.
    """
    del kind, threshold
    before, after = reference.value_counts().align(current.value_counts(), fill_value=0)
    result = compute_psi(before.to_numpy(dtype=np.int64), after.to_numpy(dtype=np.int64))
    return result.value, result.has_drifted and min(
        len(reference), len(current)
    ) >= MIN_CLIENTS_PER_SAMPLE
