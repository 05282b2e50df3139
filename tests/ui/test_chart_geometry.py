from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.page import api_responses
from ui import chart_geometry
from ui.api_models import Bin, Explanation

BINS = [
    Bin(**values)
    for values in api_responses.make_bins([(3, 1), (5, 0), (2, 2), (0, 0)], [0.0, 10.0, 20.0])
]


def test_the_needle_moves_from_left_over_the_top_to_the_right() -> None:
    start, middle, end = (
        chart_geometry.layout_gauge(index, (0.45, 0.55)).tip for index in (0.0, 0.5, 1.0)
    )
    assert start[0] < middle[0] < end[0]
    assert start[1] == end[1] > middle[1]


def test_the_needle_at_the_cut_off_points_to_its_tick() -> None:
    gauge = chart_geometry.layout_gauge(0.5, (0.45, 0.55))
    assert gauge.tip[0] == gauge.cut[0][0] == gauge.cut[1][0]


def test_the_arcs_follow_the_given_band() -> None:
    narrow = chart_geometry.layout_gauge(0.3, (0.49, 0.51))
    wide = chart_geometry.layout_gauge(0.3, (0.2, 0.8))
    assert [outcome for outcome, _ in narrow.arcs] == ["approve", "refer", "decline"]
    assert narrow.arcs != wide.arcs


@given(st.floats(300, 700), st.lists(st.floats(-100, 100), max_size=12))
def test_bars_stay_inside_their_line(start: float, effects: list[float]) -> None:
    for bar in chart_geometry.layout_waterfall(start, effects):
        assert bar.offset >= 0
        assert bar.offset + bar.width <= 100.02


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=12))
def test_each_bar_starts_where_the_previous_one_ended(effects: list[float]) -> None:
    first, *bars, last = chart_geometry.layout_waterfall(500.0, effects)
    position = first.offset
    for bar, effect in zip(bars, effects, strict=True):
        ends = (bar.offset, bar.offset + bar.width)
        start, end = ends if effect >= 0 else ends[::-1]
        assert start == pytest.approx(position, abs=0.05)
        position = end
    assert position == pytest.approx(last.offset, abs=0.05)


@given(st.floats(allow_nan=False))
def test_every_number_is_in_one_bin(value: float) -> None:
    assert sum(chart_geometry.bin_contains(bin_, value) for bin_ in BINS) == 1


def test_an_unknown_value_is_in_no_bin() -> None:
    assert not any(chart_geometry.bin_contains(bin_, None) for bin_ in BINS)
    assert chart_geometry.locate_value(BINS, None) is None


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_greater_value_is_never_further_left(first: float, second: float) -> None:
    low, high = (chart_geometry.locate_value(BINS, value) for value in sorted([first, second]))
    assert low is not None
    assert high is not None
    assert low <= high


def test_the_highest_stack_fills_the_plot() -> None:
    bars = chart_geometry.layout_histogram(BINS, 12.0)
    assert max(bar.height_without + bar.height_with for bar in bars) == 100
    assert [bar.is_client for bar in bars] == [False, False, True, False]


def test_a_histogram_without_clients_is_flat() -> None:
    empty = [Bin(**values) for values in api_responses.make_bins([(0, 0), (0, 0)], [1.0])]
    assert all(
        bar.height_without + bar.height_with == 0
        for bar in chart_geometry.layout_histogram(empty, None)
    )


def test_yes_and_no_count_every_client_once() -> None:
    bins = [Bin(**values) for values in api_responses.make_position("owns_car")["bins"]]
    no, yes = chart_geometry.merge_flag_bins(bins)
    assert (no.clients, yes.clients) == (670, 230)
    assert chart_geometry.bin_contains(no, 0.0)
    assert chart_geometry.bin_contains(yes, 1.0)


def test_concepts_add_up_to_all_contributions() -> None:
    response = api_responses.make_explanation(api_responses.DECLINED)
    contributions = Explanation.model_validate(response).contributions
    concepts = chart_geometry.group_by_concept(contributions)
    total = sum(contribution.points for contribution in contributions)
    assert sum(concept.points for concept in concepts) == pytest.approx(total)
    assert concepts[0].concept == "scores"
    assert concepts[0].heaviest.feature == "score_2"
