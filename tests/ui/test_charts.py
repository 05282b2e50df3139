from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui import made
from ui import chart_geometry
from ui.api_models import Bin, Explanation

BINS = [Bin(**one) for one in made.bins([(3, 1), (5, 0), (2, 2), (0, 0)], [0.0, 10.0, 20.0])]


def test_the_needle_goes_from_left_over_the_top_to_the_right() -> None:
    left, top, right = (
        chart_geometry.layout_gauge(index, (0.45, 0.55)).tip for index in (0.0, 0.5, 1.0)
    )
    assert left[0] < top[0] < right[0]
    assert left[1] == right[1] > top[1]


def test_the_needle_at_the_cut_off_stands_under_its_tick() -> None:
    gauge = chart_geometry.layout_gauge(0.5, (0.45, 0.55))
    assert gauge.tip[0] == gauge.cut[0][0] == gauge.cut[1][0]


def test_the_arcs_are_those_of_the_band_in_force() -> None:
    narrow, wide = (
        chart_geometry.layout_gauge(0.3, (0.49, 0.51)),
        chart_geometry.layout_gauge(0.3, (0.2, 0.8)),
    )
    assert [outcome for outcome, _ in narrow.arcs] == ["approve", "refer", "decline"]
    assert narrow.arcs != wide.arcs


@given(st.floats(300, 700), st.lists(st.floats(-100, 100), max_size=12))
def test_bars_stay_inside_their_line(start: float, effects: list[float]) -> None:
    for bar in chart_geometry.layout_waterfall(start, effects):
        assert bar.left >= 0
        assert bar.left + bar.width <= 100.02


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=12))
def test_each_bar_begins_where_the_one_before_ended(effects: list[float]) -> None:
    first, *bars, last = chart_geometry.layout_waterfall(500.0, effects)
    reached = first.left
    for bar, effect in zip(bars, effects, strict=True):
        ends = (bar.left, bar.left + bar.width)
        begun, reached = ends if effect >= 0 else ends[::-1]
        assert begun == pytest.approx(ends[0] if effect >= 0 else ends[1], abs=0.05)
    assert reached == pytest.approx(last.left, abs=0.05)


@given(st.floats(allow_nan=False))
def test_every_number_lies_in_one_bin(value: float) -> None:
    assert sum(chart_geometry.bin_contains(one, value) for one in BINS) == 1


def test_an_unknown_value_lies_in_no_bin() -> None:
    assert not any(chart_geometry.bin_contains(one, None) for one in BINS)
    assert chart_geometry.locate_value(BINS, None) is None


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_greater_value_never_stands_further_left(one: float, other: float) -> None:
    left, right = sorted([one, other])
    across = chart_geometry.locate_value(BINS, left), chart_geometry.locate_value(BINS, right)
    assert across[0] is not None
    assert across[1] is not None
    assert across[0] <= across[1]


def test_the_highest_stack_fills_the_plot() -> None:
    bars = chart_geometry.layout_histogram(BINS, 12.0)
    assert max(bar.height_without + bar.height_with for bar in bars) == 100
    assert [bar.is_client for bar in bars] == [False, False, True, False]


def test_a_histogram_of_nobody_is_flat() -> None:
    empty = [Bin(**one) for one in made.bins([(0, 0), (0, 0)], [1.0])]
    assert all(
        bar.height_without + bar.height_with == 0
        for bar in chart_geometry.layout_histogram(empty, None)
    )


def test_yes_and_no_count_every_client_once() -> None:
    flags = [Bin(**one) for one in made.position("owns_car")["bins"]]
    no, yes = chart_geometry.merge_flag_bins(flags)
    assert (no.clients, yes.clients) == (670, 230)
    assert chart_geometry.bin_contains(no, 0.0)
    assert chart_geometry.bin_contains(yes, 1.0)


def test_concepts_add_up_to_all_contributions() -> None:
    told = Explanation.model_validate(made.explanation(made.DECLINED))
    parts = chart_geometry.group_by_concept(told.contributions)
    whole = sum(one.points for one in told.contributions)
    assert sum(part.points for part in parts) == pytest.approx(whole)
    assert parts[0].concept == "scores"
    assert parts[0].heaviest.feature == "score_2"
