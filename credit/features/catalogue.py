"""The list of all features, and of the raw columns that they are computed from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from credit.features.declaration.feature import Feature, by_name
from credit.features.definitions.application import FORM
from credit.features.definitions.application_ratios import RATIOS
from credit.features.definitions.bureau import BUREAU
from credit.features.definitions.credit_card_balance import CARD
from credit.features.definitions.credit_terms import CREDIT_TERMS
from credit.features.definitions.derived import DERIVED
from credit.features.definitions.external_scores import EXTERNAL_SCORES
from credit.features.definitions.installments_payments import INSTALMENTS
from credit.features.definitions.pos_cash_balance import POS
from credit.features.definitions.previous_application import PREVIOUS

FORM_FEATURES = (FORM, RATIOS, EXTERNAL_SCORES)
"""Declarations of the form's features, in the order of the matrix's columns."""

HISTORY_FEATURES = (BUREAU, PREVIOUS, INSTALMENTS, POS, CARD)
"""Declarations of the histories' features, in the order of the matrix's columns."""

_BASE_FEATURES = by_name(
    [
        *(feature for form in FORM_FEATURES for feature in form.iter_features()),
        *CREDIT_TERMS,
        *(feature for history in HISTORY_FEATURES for feature in history.iter_features()),
    ]
)

CATALOGUE: Mapping[str, Feature] = MappingProxyType(
    by_name([*_BASE_FEATURES.values(), *DERIVED.build_features(_BASE_FEATURES)])
)
"""All features by name, in the order of the matrix's columns."""


def _collect_required_columns() -> dict[str, tuple[str, ...]]:
    columns_by_table: defaultdict[str, set[str]] = defaultdict(set)
    for feature in CATALOGUE.values():
        for source in feature.sources:
            table, column = source.split(".")
            columns_by_table[table].add(column)
    for history in HISTORY_FEATURES:
        for level in filter(None, (history, history.child)):
            columns_by_table[level.table.name] |= set(level.order_by)
            columns_by_table[level.table.name] |= {history.child_key or level.order_by[0]}
    return {table: tuple(sorted(columns)) for table, columns in columns_by_table.items()}


COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(_collect_required_columns())
"""Raw columns that features are computed from, by table, sort and key columns included."""
