"""Values of features agree with their declared units, measured on generated clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from credit.dossier import DossierBatch, Floats
from credit.features import (
    CATALOGUE,
    COLUMNS,
    CategoryEncoder,
    Feature,
    FittedFeatures,
    Matrix,
    Unit,
    build,
)
from credit.schema import TABLES
from stores.progress import ProgressReporter
from stores.settings import Settings
from tests.support.example_dossiers import Dossier
from tests.support.random_dossiers import make_random_dossiers
from training.data.loading import load_labelled_dossiers
from training.synthetic.generator import synthesise_tables

MONEY_FACTOR = 4.0

MONEY_COLUMNS = {
    (table.name, column)
    for table in TABLES.values()
    for column in table.columns
    if column.startswith("AMT_") and not column.startswith("AMT_REQ_")
}
"""Columns of money; those with the prefix AMT_REQ_ count enquiries."""

EMPTY_ENCODER = CategoryEncoder(
    dict.fromkeys((n for n, f in CATALOGUE.items() if f.is_categorical), ())
)
FITTED = FittedFeatures(categories=EMPTY_ENCODER)

INTEREST_RATE_PREFIX = "earlier_interest"
"""Features with the unit `share` that may lie outside 0 to 1."""


def build_matrix(dossiers: list[Dossier]) -> Matrix:
    return build(DossierBatch.from_documents(dossiers, COLUMNS), FITTED)


@pytest.fixture(scope="module")
def synthetic_matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """Synthetic clients, with columns that are consistent with each other."""
    folder = tmp_path_factory.mktemp("tables")
    synthesise_tables(600, folder, seed=3)
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    file, _ = load_labelled_dossiers(settings, folder, ProgressReporter(Console(quiet=True)), None)
    return np.concatenate([build(batch, FITTED) for batch in file.iter_batches(COLUMNS)])


@pytest.fixture(scope="module")
def random_matrix() -> Matrix:
    return build_matrix(make_random_dossiers(400, seed=5))


@pytest.fixture(scope="module")
def inflated_matrix() -> Matrix:
    """The clients of `random_matrix`, in a currency with a lower value."""
    return build_matrix(
        [
            {table: _multiply_money(table, rows) for table, rows in dossier.items()}
            for dossier in make_random_dossiers(400, seed=5)
        ]
    )


def _multiply_money(table: str, rows: Any) -> Any:
    if isinstance(rows, dict):
        return {
            name: MONEY_FACTOR * value
            if (table, name) in MONEY_COLUMNS and value is not None
            else value
            for name, value in rows.items()
        }
    return rows and [_multiply_money(table, row) for row in rows]


def test_only_currency_features_scale_with_the_currency(
    random_matrix: Matrix, inflated_matrix: Matrix
) -> None:
    offenders = []
    for index, feature in enumerate(CATALOGUE.values()):
        if feature.is_categorical:
            continue
        factor = MONEY_FACTOR if feature.unit is Unit.CURRENCY else 1.0
        # Values are rounded to about a thousandth, so sums differ by several thousandths.
        if not np.allclose(
            inflated_matrix[:, index], factor * random_matrix[:, index],
            rtol=1e-3, atol=0.05, equal_nan=True,
        ):  # fmt: skip
            offenders.append(feature.name)
    assert offenders == []


def test_flags_are_zero_or_one(random_matrix: Matrix) -> None:
    offenders = _find_offenders(
        random_matrix,
        lambda feature: feature.unit is Unit.FLAG,
        lambda values: np.isin(values, (0.0, 1.0)).all(),
    )
    assert offenders == []


def test_shares_lie_between_zero_and_one(synthetic_matrix: Matrix) -> None:
    offenders = _find_offenders(
        synthetic_matrix,
        lambda feature: (
            feature.unit is Unit.SHARE and not feature.name.startswith(INTEREST_RATE_PREFIX)
        ),
        lambda values: ((values >= 0) & (values <= 1)).all(),
    )
    assert offenders == []


def test_counts_are_not_negative(synthetic_matrix: Matrix) -> None:
    offenders = _find_offenders(
        synthetic_matrix,
        lambda feature: feature.unit is Unit.COUNT,
        lambda values: (values >= 0).all(),
    )
    assert offenders == []


def _find_offenders(
    matrix: Matrix,
    is_selected: Callable[[Feature], bool],
    is_valid: Callable[[Floats], np.bool_],
) -> list[str]:
    """Return the selected features with known values that are not valid."""
    selected = [
        (feature.name, matrix[:, index].astype(np.float64))
        for index, feature in enumerate(CATALOGUE.values())
        if is_selected(feature)
    ]
    assert selected
    return [name for name, values in selected if not is_valid(values[~np.isnan(values)])]
