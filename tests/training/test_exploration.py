from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.schema import APPLICATION
from stores.raw_tables.tables import Tables, read_tables
from tests.support.random_dossiers import draw_labels, make_random_dossiers
from tests.support.table_folders import make_table_frames, write_tables
from training.exploration.binning import (
    MIN_CELL_SIZE,
    OTHER_LABEL,
    UNKNOWN_LABEL,
    Bin,
    bin_column,
    merge_small_bins,
)
from training.exploration.report import render_exploration_page
from training.exploration.statistics import ExplorationSummary, explore_tables

CLIENTS = 1_000


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("tables")
    people = make_random_dossiers(CLIENTS, seed=4, complete=True)
    write_tables(folder, make_table_frames(people, labels=draw_labels(people, 5)))
    return read_tables(folder, labelled=True, cache=folder / "cache")


@pytest.fixture(scope="module")
def facts(tables: Tables) -> ExplorationSummary:
    later = tables.application.filter(pl.col("SK_ID_CURR") % 3 == 0)
    return explore_tables(tables, later, progress=lambda _: None)


@pytest.fixture(scope="module")
def whole(facts: ExplorationSummary) -> str:
    return render_exploration_page(facts)


def labelled(values: list[object], name: str) -> pl.DataFrame:
    return pl.DataFrame({name: values, "TARGET": [1.0, 0.0] * (len(values) // 2)})


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
def test_no_bin_tells_who_is_in_it_and_nobody_is_counted_twice(
    sizes: list[tuple[int, int]],
) -> None:
    bins = [
        Bin(label=str(place), clients=clients, difficulties=0, new_clients=later)
        for place, (clients, later) in enumerate(sizes)
    ]
    told = merge_small_bins(bins)
    assert not any(one.below_disclosure_threshold for one in told)
    if told:
        assert sum(one.clients for one in told) == sum(clients for clients, _ in sizes)
        assert sum(one.new_clients for one in told) == sum(later for _, later in sizes)


def test_no_bin_of_any_column_holds_few_clients(facts: ExplorationSummary) -> None:
    for told in facts.columns:
        for one in told.bins:
            assert one.clients == 0 or one.clients >= MIN_CELL_SIZE, told.name
            assert one.new_clients == 0 or one.new_clients >= MIN_CELL_SIZE, told.name


def test_every_client_is_in_one_bin_of_every_column(facts: ExplorationSummary) -> None:
    for told in facts.columns:
        assert sum(one.clients for one in told.bins) == CLIENTS, told.name
        assert sum(one.difficulties for one in told.bins) == facts.overall.difficulties, told.name


def test_rare_words_are_pooled_and_the_unknown_counted() -> None:
    column = APPLICATION["OCCUPATION_TYPE"]
    words: list[object] = ["Drivers"] * 60 + ["Cooks"] * 30 + ["Astronauts"] * 4 + [None] * 40
    told = bin_column(column, labelled(words, column.name), None)
    assert [(one.label, one.clients) for one in told] == [
        ("Drivers", 60), (UNKNOWN_LABEL, 40), (OTHER_LABEL, 34),
    ]  # fmt: skip


def test_days_that_never_came_are_a_bin_in_words() -> None:
    column = APPLICATION["DAYS_EMPLOYED"]
    days: list[object] = [*(float(-day) for day in range(200)), *[365_243.0] * 50]
    labels = [one.label for one in bin_column(column, labelled(days, column.name), None)]
    assert labels[-1].startswith("365,243: has no job")
    assert len(labels) == 11


def test_bins_of_numbers_rise() -> None:
    column = APPLICATION["AMT_CREDIT"]
    amounts: list[object] = np.random.default_rng(0).lognormal(13, 1, 500).tolist()
    told = bin_column(column, labelled(amounts, column.name), None)
    assert len(told) == 10
    assert told[0].label.startswith("below")
    assert told[-1].label.startswith("from")
    assert max(one.clients for one in told) < 2 * min(one.clients for one in told)


def test_a_rate_lies_in_its_interval() -> None:
    one = Bin(label="", clients=100, difficulties=8, new_clients=0)
    assert one.interval is not None
    assert one.interval == pytest.approx((0.0411, 0.1500), abs=1e-4)
    assert Bin(label="", clients=0, difficulties=0, new_clients=30).rate is None


def test_the_scores_that_difficulties_hang_on_come_first(facts: ExplorationSummary) -> None:
    assert {told.name for told in facts.columns[:3]} == {f"EXT_SOURCE_{n}" for n in (1, 2, 3)}


def test_tables_drawn_from_one_another_do_not_drift(facts: ExplorationSummary) -> None:
    assert max(told.population_stability_index for told in facts.columns) < 0.1


def test_correlations_are_symmetric_and_those_of_ranks(facts: ExplorationSummary) -> None:
    told = facts.correlation_matrix
    assert np.allclose(told, told.T)
    assert np.allclose(np.diag(told), 1)
    assert list(facts.correlated_columns)[-1] == "TARGET"


def test_every_history_is_told(facts: ExplorationSummary, tables: Tables) -> None:
    assert {one.table for one in facts.histories} == tables.histories.keys()
    assert all(one.rows >= one.clients > 0 for one in facts.histories)


def test_the_page_shows_every_column_in_a_table_and_asks_nobody_for_anything(
    whole: str, facts: ExplorationSummary
) -> None:
    for told in facts.columns:
        assert f'id="{told.name}"' in whole
    assert "<script" not in whole
    assert not re.findall(r'(?:src|href)="(?!#|data:)', whole)
    assert "url(http" not in whole


def test_the_page_names_no_client(whole: str) -> None:
    assert "SK_ID_CURR" not in whole


def test_words_of_the_data_are_text_on_the_page(tmp_path: Path) -> None:
    people = make_random_dossiers(60, seed=6, complete=True)
    for person in people:
        person["application"]["OCCUPATION_TYPE"] = "<script>alert(1)</script>"
    write_tables(tmp_path, make_table_frames(people, labels=np.arange(60) % 2))
    read = read_tables(tmp_path, labelled=True, cache=tmp_path / "cache")
    assert "<script" not in render_exploration_page(
        explore_tables(read, None, progress=lambda _: None)
    )
