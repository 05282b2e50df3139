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
def all_clients(facts: ExplorationSummary) -> str:
    return render_exploration_page(facts)


def labelled(values: list[object], name: str) -> pl.DataFrame:
    return pl.DataFrame({name: values, "TARGET": [1.0, 0.0] * (len(values) // 2)})


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12))
def test_no_bin_is_below_the_disclosure_threshold_and_every_client_counts_once(
    sizes: list[tuple[int, int]],
) -> None:
    bins = [
        Bin(label=str(index), clients=clients, difficulties=0, new_clients=later)
        for index, (clients, later) in enumerate(sizes)
    ]
    results = merge_small_bins(bins)
    assert not any(item.below_disclosure_threshold for item in results)
    if results:
        assert sum(item.clients for item in results) == sum(clients for clients, _ in sizes)
        assert sum(item.new_clients for item in results) == sum(later for _, later in sizes)


def test_every_bin_of_every_column_reaches_the_minimum_size(facts: ExplorationSummary) -> None:
    for results in facts.columns:
        for item in results.bins:
            assert item.clients == 0 or item.clients >= MIN_CELL_SIZE, results.name
            assert item.new_clients == 0 or item.new_clients >= MIN_CELL_SIZE, results.name


def test_every_client_is_in_one_bin_of_every_column(facts: ExplorationSummary) -> None:
    for results in facts.columns:
        assert sum(item.clients for item in results.bins) == CLIENTS, results.name
        assert sum(item.difficulties for item in results.bins) == facts.overall.difficulties, (
            results.name
        )


def test_rare_categories_are_merged_and_unknown_values_counted() -> None:
    column = APPLICATION["OCCUPATION_TYPE"]
    words: list[object] = ["Drivers"] * 60 + ["Cooks"] * 30 + ["Astronauts"] * 4 + [None] * 40
    results = bin_column(column, labelled(words, column.name), None)
    assert [(item.label, item.clients) for item in results] == [
        ("Drivers", 60), (UNKNOWN_LABEL, 40), (OTHER_LABEL, 34),
    ]  # fmt: skip


def test_days_that_never_came_are_a_labelled_bin() -> None:
    column = APPLICATION["DAYS_EMPLOYED"]
    days: list[object] = [*(float(-day) for day in range(200)), *[365_243.0] * 50]
    labels = [item.label for item in bin_column(column, labelled(days, column.name), None)]
    assert labels[-1].startswith("365,243: has no job")
    assert len(labels) == 11


def test_bins_of_numbers_rise() -> None:
    column = APPLICATION["AMT_CREDIT"]
    amounts: list[object] = np.random.default_rng(0).lognormal(13, 1, 500).tolist()
    results = bin_column(column, labelled(amounts, column.name), None)
    assert len(results) == 10
    assert results[0].label.startswith("below")
    assert results[-1].label.startswith("from")
    assert max(item.clients for item in results) < 2 * min(item.clients for item in results)


def test_a_rate_lies_in_its_interval() -> None:
    item = Bin(label="", clients=100, difficulties=8, new_clients=0)
    assert item.interval is not None
    assert item.interval == pytest.approx((0.0411, 0.1500), abs=1e-4)
    assert Bin(label="", clients=0, difficulties=0, new_clients=30).rate is None


def test_the_most_informative_scores_come_first(facts: ExplorationSummary) -> None:
    assert {results.name for results in facts.columns[:3]} == {
        f"EXT_SOURCE_{n}" for n in (1, 2, 3)
    }


def test_samples_of_one_table_do_not_drift(facts: ExplorationSummary) -> None:
    assert max(results.population_stability_index for results in facts.columns) < 0.1


def test_correlations_are_symmetric_and_those_of_ranks(facts: ExplorationSummary) -> None:
    results = facts.correlation_matrix
    assert np.allclose(results, results.T)
    assert np.allclose(np.diag(results), 1)
    assert list(facts.correlated_columns)[-1] == "TARGET"


def test_every_history_is_described(facts: ExplorationSummary, tables: Tables) -> None:
    assert {item.table for item in facts.histories} == tables.histories.keys()
    assert all(item.rows >= item.clients > 0 for item in facts.histories)


def test_the_page_has_every_column_in_a_table_and_makes_no_request(
    all_clients: str, facts: ExplorationSummary
) -> None:
    for results in facts.columns:
        assert f'id="{results.name}"' in all_clients
    assert "<script" not in all_clients
    assert not re.findall(r'(?:src|href)="(?!#|data:)', all_clients)
    assert "url(http" not in all_clients


def test_the_page_names_no_client(all_clients: str) -> None:
    assert "SK_ID_CURR" not in all_clients


def test_categories_in_the_data_are_text_on_the_page(tmp_path: Path) -> None:
    people = make_random_dossiers(60, seed=6, complete=True)
    for person in people:
        person["application"]["OCCUPATION_TYPE"] = "<script>alert(1)</script>"
    write_tables(tmp_path, make_table_frames(people, labels=np.arange(60) % 2))
    read = read_tables(tmp_path, labelled=True, cache=tmp_path / "cache")
    assert "<script" not in render_exploration_page(
        explore_tables(read, None, progress=lambda _: None)
    )
