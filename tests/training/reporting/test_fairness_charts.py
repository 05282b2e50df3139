"""Test the charts of a fairness audit."""

from __future__ import annotations

import pytest

from credit.governance import FairnessLimit
from training.metrics.bootstrap import Interval
from training.metrics.fairness import Estimate, FairnessAudit, GroupMetrics
from training.reporting.fairness_charts import WIDTH_PX, build_fairness_charts

LIMITS = (
    FairnessLimit(
        jurisdiction="A",
        attributes=("age",),
        least_approval_ratio=0.8,
        most_calibration_gap=0.25,
        references=("law",),
    ),
    FairnessLimit(
        jurisdiction="B",
        attributes=("age", "sex"),
        least_approval_ratio=0.7,
        most_calibration_gap=0.2,
        references=("law",),
    ),
)


def make_group(name: str, ratio: tuple[float, float, float], calibration: float) -> GroupMetrics:
    estimate = Estimate(value=0.5, interval=Interval(0.4, 0.6))
    low, value, high = ratio
    return GroupMetrics(
        name=name,
        clients=500,
        difficulty_rate=0.1,
        approval=estimate,
        approval_ratio=Estimate(value=value, interval=Interval(low, high)),
        true_refusal=estimate,
        false_refusal=estimate,
        calibration=Estimate(
            value=calibration, interval=Interval(calibration - 0.1, calibration + 0.1)
        ),
    )


AUDIT = FairnessAudit(
    attribute="age",
    excluded=False,
    groups=(
        make_group("under 25", (0.6, 0.7, 0.79), 0.25),
        make_group("25 to 34", (0.7, 0.78, 0.9), 0.4),
        make_group("62 and over", (1.0, 1.0, 1.0), 0.0),
    ),
    unaudited_clients=0,
)


def test_the_strictest_limits_are_drawn() -> None:
    ratio, calibration = build_fairness_charts(AUDIT, LIMITS)
    assert [line.label.en for line in ratio.limit_lines] == ["limit 0.8"]
    assert [line.label.en for line in calibration.limit_lines] == ["limit -0.2", "limit 0.2"]


def test_a_group_is_marked_if_its_whole_interval_is_beyond_a_limit() -> None:
    ratio, calibration = build_fairness_charts(AUDIT, LIMITS)
    assert [row.is_outside for row in ratio.rows] == [True, False, False]
    assert [row.is_outside for row in calibration.rows] == [False, True, False]


def test_positions_are_in_the_order_of_the_values_and_inside_the_box() -> None:
    for chart in build_fairness_charts(AUDIT, LIMITS):
        for row in chart.rows:
            assert 0 <= row.low <= row.value <= row.high <= WIDTH_PX
            assert 0 < row.y < chart.height
    ratio, _ = build_fairness_charts(AUDIT, LIMITS)
    assert ratio.rows[0].high < ratio.limit_lines[0].x < ratio.rows[2].value


def test_the_text_alternative_has_every_group_in_each_language() -> None:
    ratio, calibration = build_fairness_charts(AUDIT, LIMITS)
    assert "under 25 0.70" in ratio.alt.en
    assert "moins de 25 ans 0,70" in ratio.alt.fr
    assert "limite 0,8" in ratio.alt.fr
    assert "62 and over 0.00" in calibration.alt.en


def test_an_attribute_without_limits_has_no_limit_lines() -> None:
    charts = build_fairness_charts(AUDIT, ())
    assert all(chart.limit_lines == () for chart in charts)
    assert not any(row.is_outside for chart in charts for row in chart.rows)
    assert charts[0].alt.en.endswith("62 and over 1.00.")
    assert charts[0].rows[1].value == pytest.approx(charts[0].rows[1].value)
