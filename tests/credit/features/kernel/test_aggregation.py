"""The kernel's statistics against an independent implementation in Polars."""

import numpy as np
import polars as pl
import pytest

from credit.dossier import DossierBatch
from credit.features import COLUMNS, HISTORY_FEATURES
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.declaration.statistic import Statistic
from credit.features.definitions.previous_application import PREVIOUS
from credit.features.kernel.aggregation import Kernel
from tests.support.features import polars_features, polars_row_values
from tests.support.random_dossiers import make_random_dossiers

INEXACT_STATISTICS = {Statistic.MEAN, Statistic.STD, Statistic.TREND, Statistic.DECAYED}

for_each_history = pytest.mark.parametrize(
    "history", HISTORY_FEATURES, ids=lambda history: history.table.name
)


@for_each_history
@pytest.mark.parametrize("seed", [2, 3])
def test_every_statistic_equals_that_of_polars(history: HistoryFeatures, seed: int) -> None:
    dossiers = make_random_dossiers(150, seed)
    values = Kernel(history).compute_features(DossierBatch.from_documents(dossiers, COLUMNS))
    expected = polars_features.compute_features(dossiers, history)
    for index, (name, member) in enumerate(history.members.items()):
        expected_values = expected[name].fill_null(np.nan).to_numpy()
        tolerance = 1e-9 if member.statistic in INEXACT_STATISTICS else 0
        np.testing.assert_allclose(
            values[:, index], expected_values, rtol=tolerance, atol=tolerance, err_msg=name
        )


@for_each_history
def test_every_feature_varies_and_is_sometimes_unknown_in_the_compared_rows(
    history: HistoryFeatures,
) -> None:
    dossiers = make_random_dossiers(150, seed=2)
    values = Kernel(history).compute_features(DossierBatch.from_documents(dossiers, COLUMNS))
    for index, name in enumerate(history.members):
        assert len(np.unique(values[~np.isnan(values[:, index]), index])) > 1, name
        assert np.isnan(values[:, index]).any(), name


@for_each_history
def test_polars_implements_every_declared_value_and_window(history: HistoryFeatures) -> None:
    for level in filter(None, (history, history.child)):
        name = level.table.name
        assert polars_row_values.VALUES[name].keys() == level.values.keys()
        assert {"ever", *polars_row_values.WINDOWS[name]} == level.windows.keys()


def test_polars_and_the_schema_treat_the_same_values_as_unknown() -> None:
    rows = [{"SK_ID_PREV": 1, "DAYS_TERMINATION": 365_243, "NAME_YIELD_GROUP": "XNA"}]
    frame = polars_features.build_frame([{"previous_application": rows}], PREVIOUS.table)
    row = frame.select("DAYS_TERMINATION", "NAME_YIELD_GROUP", "never_ended").row(0)
    assert row == (None, None, True)
    assert frame.schema["DAYS_TERMINATION"] == pl.Float64
