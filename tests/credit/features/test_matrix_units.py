"""Every feature is of the unit it names: seen on clients, not read from the declaration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rich.console import Console

from credit.dossier import DossierBatch, Floats
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, Feature, Matrix, Unit, build
from credit.schema import TABLES
from stores.progress import ProgressReporter
from stores.settings import Settings
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import make_random_dossiers
from training.data.loading import load_labelled_dossiers
from training.synthetic.generator import synthesise_tables

INFLATED = 4.0

MONEY = {
    (table.name, column)
    for table in TABLES.values()
    for column in table.columns
    if column.startswith("AMT_") and not column.startswith("AMT_REQ_")
}
"""Columns of money; those that begin with AMT_REQ_ count questions."""

NO_WORDS = CategoryEncoder(
    dict.fromkeys((n for n, f in CATALOGUE.items() if f.is_categorical), ())
)

RATE = "earlier_interest"
"""The share that may lie outside of 0 and 1."""


def of_unit(*units: Unit, but: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """A case a feature of these units; `but`: how the names of those left out begin."""
    chosen = [f for f in CATALOGUE.values() if f.unit in units and not f.name.startswith(but)]
    return pytest.mark.parametrize("feature", chosen, ids=lambda feature: feature.name)


def matrix_of(people: list[Dossier]) -> Matrix:
    return build(DossierBatch.from_documents(people, COLUMNS), NO_WORDS)


def known(matrix: Matrix, feature: Feature) -> Floats:
    cells = matrix[:, list(CATALOGUE).index(feature.name)].astype(np.float64)
    return cells[~np.isnan(cells)]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """Synthetic clients, whose columns agree with one another."""
    folder = tmp_path_factory.mktemp("tables")
    synthesise_tables(600, folder, seed=3)
    where = Settings(home=tmp_path_factory.mktemp("home"))
    file, _ = load_labelled_dossiers(where, folder, ProgressReporter(Console(quiet=True)), None)
    return np.concatenate([build(batch, NO_WORDS) for batch in file.iter_batches(COLUMNS)])


@pytest.fixture(scope="module")
def before() -> Matrix:
    return matrix_of(make_random_dossiers(400, seed=5))


@pytest.fixture(scope="module")
def inflated() -> Matrix:
    """The same clients in a currency that is worth less."""
    return matrix_of(
        [
            {table: _inflated(table, rows) for table, rows in person.items()}
            for person in make_random_dossiers(400, seed=5)
        ]
    )


def _inflated(table: str, rows: Any) -> Any:
    if isinstance(rows, dict):
        return {
            name: INFLATED * cell if (table, name) in MONEY and cell is not None else cell
            for name, cell in rows.items()
        }
    return rows and [_inflated(table, row) for row in rows]


@of_unit(*(unit for unit in Unit if unit is not Unit.CATEGORY))
def test_money_is_worth_less_and_nothing_else_is(
    feature: Feature, before: Matrix, inflated: Matrix
) -> None:
    place = list(CATALOGUE).index(feature.name)
    factor = INFLATED if feature.unit is Unit.CURRENCY else 1.0
    # A cell is kept to a thousandth, and what is added up of many to many thousandths.
    np.testing.assert_allclose(
        inflated[:, place], factor * before[:, place], rtol=1e-3, atol=0.05, equal_nan=True
    )


@of_unit(Unit.FLAG)
def test_a_flag_is_up_or_down(feature: Feature, before: Matrix) -> None:
    assert set(known(before, feature)) <= {0.0, 1.0}


@of_unit(Unit.SHARE, but=(RATE,))
def test_a_share_is_part_of_a_whole(feature: Feature, usual: Matrix) -> None:
    cells = known(usual, feature)
    assert ((cells >= 0) & (cells <= 1)).all()


@of_unit(Unit.COUNT)
def test_a_count_of_usual_clients_is_not_below_zero(feature: Feature, usual: Matrix) -> None:
    assert (known(usual, feature) >= 0).all()
