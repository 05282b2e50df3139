"""Features of features: a function's parameters are the features it is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from credit.dossier import Floats
from credit.features.cells import ratio
from credit.features.concepts import Concept
from credit.features.declare import Feature, Risk, Unit
from credit.text import Text

Compute = Callable[..., Floats]


@dataclass(frozen=True, kw_only=True)
class Combinations:
    """Declared functions of features, in the order they are written."""

    declared: dict[str, tuple[Compute, dict[str, Any]]] = field(default_factory=dict)

    def feature(
        self, label: Text, *, unit: Unit, concept: Concept, risk: Risk = Risk.FREE
    ) -> Callable[[Compute], Compute]:
        """Declare a function of earlier features as a feature, under the function's name."""

        def declare(compute: Compute) -> Compute:
            facts = {"label": label, "unit": unit, "concept": concept, "risk": risk}
            self.declared[compute.__name__] = (compute, facts)
            return compute

        return declare

    def features(self, earlier: Mapping[str, Feature]) -> list[Feature]:
        """Each with the raw columns of the features it is made of."""
        return [
            Feature(
                name=name,
                sources=frozenset().union(*(earlier[part].sources for part in parts(compute))),
                **facts,
            )
            for name, (compute, facts) in self.declared.items()
        ]


def parts(compute: Compute) -> tuple[str, ...]:
    """The names of the features a combination is made of."""
    return tuple(inspect.signature(compute).parameters)


COMBINED = Combinations()


@COMBINED.feature(
    Text("Dette chez d’autres prêteurs sur revenu", "Debt to other lenders over income"),
    unit=Unit.RATIO, concept=Concept.OTHER_DEBT, risk=Risk.RISES,
)  # fmt: skip
def other_debt_to_income(other_debt_sum_active: Floats, income: Floats) -> Floats:
    return ratio(other_debt_sum_active, income)


@COMBINED.feature(
    Text("Dette chez d’autres prêteurs sur crédits en cours", "Debt to other lenders over running credits"),
    unit=Unit.RATIO, concept=Concept.OTHER_DEBT, risk=Risk.RISES,
)  # fmt: skip
def other_debt_to_credit(other_debt_sum_active: Floats, other_credit_sum_active: Floats) -> Floats:
    return ratio(other_debt_sum_active, other_credit_sum_active)


@COMBINED.feature(
    Text("Mensualités chez d’autres prêteurs sur revenu", "Instalments with other lenders over income"),
    unit=Unit.RATIO, concept=Concept.AFFORDABILITY, risk=Risk.RISES,
)  # fmt: skip
def other_instalment_to_income(other_instalment_sum_active: Floats, income: Floats) -> Floats:
    return ratio(other_instalment_sum_active, income)


@COMBINED.feature(
    Text("Crédit demandé sur plus grand crédit précédent", "Credit asked for over largest earlier credit"),
    unit=Unit.RATIO, concept=Concept.PAST_CREDITS, risk=Risk.RISES,
)  # fmt: skip
def credit_to_earlier_credit(credit: Floats, earlier_credit_max_approved: Floats) -> Floats:
    return ratio(credit, earlier_credit_max_approved)


@COMBINED.feature(
    Text("Mensualité demandée sur mensualité précédente", "Instalment asked for over earlier instalment"),
    unit=Unit.RATIO, concept=Concept.PAST_CREDITS, risk=Risk.RISES,
)  # fmt: skip
def instalment_to_earlier_instalment(
    instalment: Floats, earlier_instalment_mean_approved: Floats
) -> Floats:
    return ratio(instalment, earlier_instalment_mean_approved)


@COMBINED.feature(
    Text("Mensualités en cours avec nous sur revenu", "Running instalments with us over income"),
    unit=Unit.RATIO, concept=Concept.AFFORDABILITY, risk=Risk.RISES,
)  # fmt: skip
def own_instalment_to_income(earlier_instalment_sum_still_open: Floats, income: Floats) -> Floats:
    return ratio(earlier_instalment_sum_still_open, income)


@COMBINED.feature(
    Text("Retard récent moins retard habituel", "Recent lateness minus usual lateness"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
def days_past_due_rise(
    days_past_due_mean_last_year: Floats, days_past_due_mean_ever: Floats
) -> Floats:
    return days_past_due_mean_last_year - days_past_due_mean_ever
