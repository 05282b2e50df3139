"""Baseline model: what a first attempt would look like.

Its features are the unchanged columns of the form and, for every history, the count, mean, maximum
and sum over all rows. It uses LightGBM's defaults for all but the learning rate, and does not
enforce the declared directions of risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from credit.features.declaration.history_features import EVER
from credit.features.declaration.statistic import Statistic
from credit.features.definitions.application import FORM
from credit.features.definitions.bureau import BUREAU
from credit.features.definitions.credit_card_balance import CARD
from credit.features.definitions.installments_payments import INSTALMENTS
from credit.features.definitions.pos_cash_balance import POS
from credit.features.definitions.previous_application import PREVIOUS
from training.data.dataset import TrainingSet

BASELINE = "LightGBM, plain features and parameters"

BASELINE_PARAMETERS: Mapping[str, Any] = MappingProxyType({
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "force_col_wise": True,
    "verbosity": -1,
    "monotone": False,
    "bagged": 1,
})  # fmt: skip
"""LightGBM's defaults except for the learning rate. Early stopping chooses the number of trees."""

BASELINE_STATISTICS = (Statistic.COUNT, Statistic.MEAN, Statistic.MAX, Statistic.SUM)
"""Aggregations of each history; only those over all its rows are part of the baseline."""


def select_baseline_features() -> frozenset[str]:
    """Return the names of the catalogue's features that the baseline uses."""
    form_features = {feature.name for feature in FORM.iter_features()}
    history_features = {
        name
        for source in (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)
        for name, member in source.members.items()
        if member.window.name == EVER.name and member.statistic in BASELINE_STATISTICS
    }
    return frozenset(form_features | history_features)


def baseline_dataset(training_set: TrainingSet) -> TrainingSet:
    """Return the same clients with only the baseline's features."""
    return training_set.drop_features(training_set.features.keys() - select_baseline_features())
