"""Features of the likely term, rate and interest of the requested credit."""

from __future__ import annotations

from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Feature, RiskDirection, Unit
from credit.localised_text import Text

_SOURCES = frozenset(
    f"application.{column}" for column in ("AMT_CREDIT", "AMT_ANNUITY", "NAME_CONTRACT_TYPE")
)


def _declare(name: str, label: Text, unit: Unit, risk: RiskDirection) -> Feature:
    return Feature(
        name=name,
        label=label,
        unit=unit,
        concept=Concept.CREDIT_TERMS,
        risk=risk,
        sources=_SOURCES,
    )


# fmt: off
CREDIT_TERMS = (
    _declare("likely_term", Text("Durée probable du crédit demandé", "Likely length of the credit asked for"), Unit.MONTHS, RiskDirection.FREE),
    _declare("likely_yearly_rate", Text("Coût probable du crédit demandé, par an", "Likely cost of the credit asked for, per year"), Unit.SHARE, RiskDirection.RISES),
    _declare("likely_interest", Text("Intérêts probables du crédit demandé", "Likely interest of the credit asked for"), Unit.CURRENCY, RiskDirection.RISES),
    _declare("cash_loan_term", Text("Durée probable du crédit demandé, d’après les prêts en espèces", "Likely length of the credit asked for, judged by cash loans"), Unit.MONTHS, RiskDirection.FREE),
    _declare("cash_loan_yearly_rate", Text("Coût probable du crédit demandé, par an, d’après les prêts en espèces", "Likely cost of the credit asked for, per year, judged by cash loans"), Unit.SHARE, RiskDirection.RISES),
    _declare("cash_loan_interest", Text("Intérêts probables du crédit demandé, d’après les prêts en espèces", "Likely interest of the credit asked for, judged by cash loans"), Unit.CURRENCY, RiskDirection.RISES),
)
"""In the order of the rows of `estimate_credit_terms`."""
# fmt: on
