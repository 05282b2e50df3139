"""The plain model that the served one is held against: what a first attempt would be made of.

The form's columns as they are, and of every history the number, mean, maximum and total of its
values over all rows; LightGBM nearly as it comes, without declared directions of risk.
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
"""LightGBM's own defaults but for the learning rate; the number of trees is learnt as ever."""

BASELINE_STATISTICS = (Statistic.COUNT, Statistic.MEAN, Statistic.MAX, Statistic.SUM)


def select_baseline_features() -> frozenset[str]:
    """The features of the catalogue that are plain."""
    form_features = {feature.name for feature in FORM.iter_features()}
    history_features = {
        name
        for source in (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)
        for name, member in source.members.items()
        if member.window.name == EVER.name and member.statistic in BASELINE_STATISTICS
    }
    return frozenset(form_features | history_features)


def baseline_dataset(training_set: TrainingSet) -> TrainingSet:
    """The same clients with the plain features alone."""
    return training_set.drop_features(training_set.features.keys() - select_baseline_features())
