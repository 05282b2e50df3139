"""The kernel's statistics against Polars, and the two levels of the credit bureau."""

import numpy as np
import polars as pl
import pytest

from credit.dossier import DossierBatch
from credit.features import COLUMNS
from credit.features.declaration.history_features import HistoryFeatures, Statistic
from credit.features.definitions.bureau import BUREAU
from credit.features.definitions.credit_card_balance import CARD
from credit.features.definitions.installments_payments import INSTALMENTS
from credit.features.definitions.pos_cash_balance import POS
from credit.features.definitions.previous_application import PREVIOUS
from credit.features.kernel.aggregation import Kernel
from tests.credit.features import oracle, oracle_values
from tests.support.random_dossiers import make_random_dossiers

INEXACT = {Statistic.MEAN, Statistic.STD, Statistic.TREND, Statistic.DECAYED}

every_source = pytest.mark.parametrize(
    "source", [BUREAU, PREVIOUS, INSTALMENTS, POS, CARD], ids=lambda source: source.table.name
)


@every_source
@pytest.mark.parametrize("seed", [2, 3])
def test_every_statistic_is_what_polars_says_of_the_same_rows(
    source: HistoryFeatures, seed: int
) -> None:
    people = make_random_dossiers(150, seed)
    told = Kernel(source).compute_features(DossierBatch.from_documents(people, COLUMNS))
    expected = oracle.features(people, source)
    for place, (name, member) in enumerate(source.members.items()):
        theirs = expected[name].fill_null(np.nan).to_numpy()
        tolerance = 1e-9 if member.statistic in INEXACT else 0
        np.testing.assert_allclose(
            told[:, place], theirs, rtol=tolerance, atol=tolerance, err_msg=name
        )


@every_source
def test_the_rows_compared_say_something_of_every_feature(source: HistoryFeatures) -> None:
    people = make_random_dossiers(150, seed=2)
    told = Kernel(source).compute_features(DossierBatch.from_documents(people, COLUMNS))
    for place, name in enumerate(source.members):
        assert len(np.unique(told[~np.isnan(told[:, place]), place])) > 1, name
        assert np.isnan(told[:, place]).any(), name


@every_source
def test_the_oracle_knows_every_value_and_window_that_is_declared(source: HistoryFeatures) -> None:
    for one in filter(None, (source, source.child)):
        name = one.table.name
        assert oracle_values.VALUES[name].keys() == one.values.keys()
        assert {"ever", *oracle_values.WINDOWS[name]} == one.windows.keys()


def test_the_oracle_and_the_schema_agree_on_what_is_unknown() -> None:
    rows = [{"SK_ID_PREV": 1, "DAYS_TERMINATION": 365_243, "NAME_YIELD_GROUP": "XNA"}]
    frame = oracle.frame([{"previous_application": rows}], PREVIOUS.table)
    told = frame.select("DAYS_TERMINATION", "NAME_YIELD_GROUP", "never_ended").row(0)
    assert told == (None, None, True)
    assert frame.schema["DAYS_TERMINATION"] == pl.Float64
