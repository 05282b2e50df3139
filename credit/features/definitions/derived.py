"""Features that are computed from other features."""

from __future__ import annotations

from credit.dossier import Floats
from credit.features.declaration.concepts import Concept
from credit.features.declaration.derived_features import DerivedFeatures
from credit.features.declaration.feature import RiskDirection, Unit
from credit.localised_text import Text

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
