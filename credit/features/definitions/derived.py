"""Features of features: a function's parameters are the features it is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from credit.dossier import Floats
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Feature, RiskDirection, Unit
from credit.features.expressions.nan_arithmetic import divide_or_nan
from credit.localised_text import Text

DerivedFormula = Callable[..., Floats]


@dataclass(frozen=True, kw_only=True)
class DerivedFeature:
    """What is computed of which features, and what is said of it."""

    inputs: tuple[str, ...]
    compute: DerivedFormula
    metadata: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DerivedFeatures:
    """Declared functions of features, in the order they are written."""

    declared: dict[str, DerivedFeature] = field(default_factory=dict)

    def feature(
        self,
        label: Text,
        *,
        unit: Unit,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> Callable[[DerivedFormula], DerivedFormula]:
        """Declare a function of earlier features as a feature, under the function's name."""

        def declare(compute: DerivedFormula) -> DerivedFormula:
            metadata = {"label": label, "unit": unit, "concept": concept, "risk": risk}
            inputs = tuple(inspect.signature(compute).parameters)
            self.declared[compute.__name__] = DerivedFeature(
                inputs=inputs, compute=compute, metadata=metadata
            )
            return compute

        return declare

    def add_ratio(
        self,
        name: str,
        label: Text,
        numerator: str,
        denominator: str,
        *,
        concept: Concept,
        risk: RiskDirection,
    ) -> None:
        """Declare the quotient of two earlier features as a feature."""
        metadata = {"label": label, "unit": Unit.RATIO, "concept": concept, "risk": risk}
        self.declared[name] = DerivedFeature(
            inputs=(numerator, denominator), compute=divide_or_nan, metadata=metadata
        )

    def build_features(self, base_features: Mapping[str, Feature]) -> list[Feature]:
        """Each with the raw columns of the features it is made of."""
        return [
            Feature(
                name=name,
                sources=frozenset().union(
                    *(base_features[input_name].sources for input_name in derived.inputs)
                ),
                **derived.metadata,
            )
            for name, derived in self.declared.items()
        ]


class DerivedFeatureEvaluator:
    """Combinations, compiled: quotients are computed all at once."""

    def __init__(
        self, derived_features: DerivedFeatures, feature_index: Mapping[str, int]
    ) -> None:
        compiled = [
            (
                feature_index[name],
                [feature_index[input_name] for input_name in item.inputs],
                item.compute,
            )
            for name, item in derived_features.declared.items()
        ]
        self._ratio_rows, self._numerator_rows, self._denominator_rows = np.array(
            [
                (row, *input_rows)
                for row, input_rows, compute in compiled
                if compute is divide_or_nan
            ],
            dtype=np.int64,
        ).T
        self._other_formulas = [item for item in compiled if item[2] is not divide_or_nan]

    def fill(self, matrix: Floats) -> None:
        """Compute combinations of other rows of a matrix, shape (features, dossiers)."""
        matrix[self._ratio_rows] = divide_or_nan(
            matrix[self._numerator_rows], matrix[self._denominator_rows]
        )
        for row, input_rows, compute in self._other_formulas:
            matrix[row] = compute(*(matrix[input_row] for input_row in input_rows))


DERIVED = DerivedFeatures()

# fmt: off
DERIVED.add_ratio("other_debt_to_income", Text("Dette chez d’autres prêteurs sur revenu", "Debt to other lenders over income"), "other_debt_sum_active", "income", concept=Concept.OTHER_DEBT, risk=RiskDirection.RISES)
DERIVED.add_ratio("other_debt_to_credit", Text("Dette chez d’autres prêteurs sur crédits en cours", "Debt to other lenders over running credits"), "other_debt_sum_active", "other_credit_sum_active", concept=Concept.OTHER_DEBT, risk=RiskDirection.RISES)
DERIVED.add_ratio("other_instalment_to_income", Text("Mensualités chez d’autres prêteurs sur revenu", "Instalments with other lenders over income"), "other_instalment_sum_active", "income", concept=Concept.AFFORDABILITY, risk=RiskDirection.RISES)
DERIVED.add_ratio("credit_to_earlier_credit", Text("Crédit demandé sur plus grand crédit précédent", "Credit asked for over largest earlier credit"), "credit", "earlier_credit_max_approved", concept=Concept.PAST_CREDITS, risk=RiskDirection.RISES)
DERIVED.add_ratio("instalment_to_earlier_instalment", Text("Mensualité demandée sur mensualité précédente", "Instalment asked for over earlier instalment"), "instalment", "earlier_instalment_mean_approved", concept=Concept.PAST_CREDITS, risk=RiskDirection.RISES)
DERIVED.add_ratio("own_instalment_to_income", Text("Mensualités en cours avec nous sur revenu", "Running instalments with us over income"), "earlier_instalment_sum_still_open", "income", concept=Concept.AFFORDABILITY, risk=RiskDirection.RISES)
# fmt: on


@DERIVED.feature(
    Text("Retard récent moins retard habituel", "Recent lateness minus usual lateness"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=RiskDirection.RISES,
)  # fmt: skip
def days_past_due_rise(
    days_past_due_mean_last_year: Floats, days_past_due_mean_ever: Floats
) -> Floats:
    return days_past_due_mean_last_year - days_past_due_mean_ever
