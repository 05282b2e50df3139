"""Features of features: a function's parameters are the features it is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from credit.dossier import Floats
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Feature, Risk, Unit
from credit.features.expressions.nan_arithmetic import ratio
from credit.localised_text import Text

Compute = Callable[..., Floats]


@dataclass(frozen=True, kw_only=True)
class Combination:
    """What is computed of which features, and what is said of it."""

    parts: tuple[str, ...]
    compute: Compute
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Combinations:
    """Declared functions of features, in the order they are written."""

    declared: dict[str, Combination] = field(default_factory=dict)

    def feature(
        self, label: Text, *, unit: Unit, concept: Concept, risk: Risk = Risk.FREE
    ) -> Callable[[Compute], Compute]:
        """Declare a function of earlier features as a feature, under the function's name."""

        def declare(compute: Compute) -> Compute:
            facts = {"label": label, "unit": unit, "concept": concept, "risk": risk}
            parts = tuple(inspect.signature(compute).parameters)
            self.declared[compute.__name__] = Combination(
                parts=parts, compute=compute, facts=facts
            )
            return compute

        return declare

    def ratio(
        self, name: str, label: Text, part: str, whole: str, *, concept: Concept, risk: Risk
    ) -> None:
        """Declare the quotient of two earlier features as a feature."""
        facts = {"label": label, "unit": Unit.RATIO, "concept": concept, "risk": risk}
        self.declared[name] = Combination(parts=(part, whole), compute=ratio, facts=facts)

    def features(self, earlier: Mapping[str, Feature]) -> list[Feature]:
        """Each with the raw columns of the features it is made of."""
        return [
            Feature(
                name=name,
                sources=frozenset().union(*(earlier[part].sources for part in one.parts)),
                **one.facts,
            )
            for name, one in self.declared.items()
        ]


class Combiner:
    """Combinations, compiled: quotients are computed all at once."""

    def __init__(self, combinations: Combinations, place: Mapping[str, int]) -> None:
        every = [
            (place[name], [place[part] for part in one.parts], one.compute)
            for name, one in combinations.declared.items()
        ]
        self._at, self._part, self._whole = np.array(
            [(at, *parts) for at, parts, compute in every if compute is ratio], dtype=np.int64
        ).T
        self._others = [one for one in every if one[2] is not ratio]

    def fill(self, matrix: Floats) -> None:
        """Compute combinations of other rows of a matrix, shape (features, dossiers)."""
        matrix[self._at] = ratio(matrix[self._part], matrix[self._whole])
        for at, parts, compute in self._others:
            matrix[at] = compute(*(matrix[part] for part in parts))


COMBINED = Combinations()

# fmt: off
COMBINED.ratio("other_debt_to_income", Text("Dette chez d’autres prêteurs sur revenu", "Debt to other lenders over income"), "other_debt_sum_active", "income", concept=Concept.OTHER_DEBT, risk=Risk.RISES)
COMBINED.ratio("other_debt_to_credit", Text("Dette chez d’autres prêteurs sur crédits en cours", "Debt to other lenders over running credits"), "other_debt_sum_active", "other_credit_sum_active", concept=Concept.OTHER_DEBT, risk=Risk.RISES)
COMBINED.ratio("other_instalment_to_income", Text("Mensualités chez d’autres prêteurs sur revenu", "Instalments with other lenders over income"), "other_instalment_sum_active", "income", concept=Concept.AFFORDABILITY, risk=Risk.RISES)
COMBINED.ratio("credit_to_earlier_credit", Text("Crédit demandé sur plus grand crédit précédent", "Credit asked for over largest earlier credit"), "credit", "earlier_credit_max_approved", concept=Concept.PAST_CREDITS, risk=Risk.RISES)
COMBINED.ratio("instalment_to_earlier_instalment", Text("Mensualité demandée sur mensualité précédente", "Instalment asked for over earlier instalment"), "instalment", "earlier_instalment_mean_approved", concept=Concept.PAST_CREDITS, risk=Risk.RISES)
COMBINED.ratio("own_instalment_to_income", Text("Mensualités en cours avec nous sur revenu", "Running instalments with us over income"), "earlier_instalment_sum_still_open", "income", concept=Concept.AFFORDABILITY, risk=Risk.RISES)
# fmt: on


@COMBINED.feature(
    Text("Retard récent moins retard habituel", "Recent lateness minus usual lateness"),
    unit=Unit.DAYS, concept=Concept.PUNCTUALITY, risk=Risk.RISES,
)  # fmt: skip
def days_past_due_rise(
    days_past_due_mean_last_year: Floats, days_past_due_mean_ever: Floats
) -> Floats:
    return days_past_due_mean_last_year - days_past_due_mean_ever
