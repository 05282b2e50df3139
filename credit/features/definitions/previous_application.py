"""Features of earlier applications to us: amounts requested and granted, outcomes, prices."""

from __future__ import annotations

from credit.dossier import Bools, Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.expressions.nan_arithmetic import (
    DAYS_PER_YEAR,
    count_each_row,
    divide_or_nan,
    flag,
)
from credit.features.expressions.vectorised import WeightedSum
from credit.localised_text import Text
from credit.schema import NEVER_DAYS, PREVIOUS_APPLICATION

PREVIOUS = HistoryFeatures(table=PREVIOUS_APPLICATION, order_by=("DAYS_DECISION", "SK_ID_PREV"))

PREVIOUS.add_window_where(
    "approved", Text("acceptées", "approved"), "NAME_CONTRACT_STATUS", "Approved"
)
PREVIOUS.add_window_where(
    "refused", Text("refusées", "refused"), "NAME_CONTRACT_STATUS", "Refused"
)
PREVIOUS.add_window_where(
    "cash", Text("prêts en espèces", "cash loans"), "NAME_CONTRACT_TYPE", "Cash loans"
)
PREVIOUS.add_window_where(
    "purchase",
    Text("prêts à la consommation", "consumer loans"),
    "NAME_CONTRACT_TYPE",
    "Consumer loans",
)
PREVIOUS.add_window_where(
    "revolving",
    Text("crédits renouvelables", "revolving loans"),
    "NAME_CONTRACT_TYPE",
    "Revolving loans",
)
PREVIOUS.add_window_since("within_year", Text("depuis un an", "within a year"), DAYS_PER_YEAR)
PREVIOUS.add_window_since(
    "two_years", Text("depuis deux ans", "within two years"), 2 * DAYS_PER_YEAR
)
PREVIOUS.add_newest_window(3, Text("3 dernières", "latest 3"))
PREVIOUS.add_newest_window(5, Text("5 dernières", "latest 5"))


@PREVIOUS.window(Text("crédits encore ouverts", "credits still open"))
def still_open(application: Rows) -> Bools:
    approved = application.get_categorical("NAME_CONTRACT_STATUS") == "Approved"
    return approved & (application.flag_sentinel("DAYS_TERMINATION", NEVER_DAYS) == 1)


@PREVIOUS.value(
    Text("Demandes précédentes", "Earlier applications"),
    unit=Unit.COUNT, concept=Concept.PAST_OUTCOMES,
)  # fmt: skip
def earlier(application: Rows) -> Floats:
    return count_each_row(application)


# fmt: off
PREVIOUS.add_flag("earlier_refused", Text("Demandes précédentes refusées", "Earlier applications refused"), "NAME_CONTRACT_STATUS", "Refused", concept=Concept.PAST_OUTCOMES, risk=RiskDirection.RISES)
PREVIOUS.add_flag("earlier_approved", Text("Demandes précédentes acceptées", "Earlier applications approved"), "NAME_CONTRACT_STATUS", "Approved", concept=Concept.PAST_OUTCOMES, risk=RiskDirection.FALLS)
PREVIOUS.add_flag("earlier_withdrawn", Text("Demandes précédentes retirées", "Earlier applications withdrawn"), "NAME_CONTRACT_STATUS", "Canceled", "Unused offer", concept=Concept.PAST_OUTCOMES)
PREVIOUS.add_flag("earlier_refused_on_risk", Text("Refus pour score, plafond ou politique du prêteur", "Refusals for score, limit or the lender's policy"), "CODE_REJECT_REASON", "SCO", "SCOFR", "LIMIT", "HC", concept=Concept.PAST_OUTCOMES, risk=RiskDirection.RISES)
PREVIOUS.add_flag("earlier_refused_on_score", Text("Refus pour score", "Refusals for score"), "CODE_REJECT_REASON", "SCO", "SCOFR", concept=Concept.PAST_OUTCOMES, risk=RiskDirection.RISES)
PREVIOUS.add_flag("earlier_new_client", Text("Demandes comme nouveau client", "Applications as a new client"), "NAME_CLIENT_TYPE", "New", concept=Concept.PAST_OUTCOMES)
PREVIOUS.add_flag("earlier_walk_in", Text("Demandes sans invitation", "Walk-in applications"), "NAME_PRODUCT_TYPE", "walk-in", concept=Concept.PAST_OUTCOMES)
PREVIOUS.add_flag("earlier_cash", Text("Demandes précédentes en espèces", "Earlier applications for cash"), "NAME_CONTRACT_TYPE", "Cash loans", concept=Concept.PAST_CREDITS)
PREVIOUS.add_flag("earlier_revolving", Text("Demandes précédentes de crédit renouvelable", "Earlier applications for revolving credit"), "NAME_CONTRACT_TYPE", "Revolving loans", concept=Concept.PAST_CREDITS)
PREVIOUS.add_flag("earlier_high_yield", Text("Crédits au taux le plus élevé", "Credits in the highest interest group"), "NAME_YIELD_GROUP", "high", concept=Concept.PAST_PRICES, risk=RiskDirection.RISES)
PREVIOUS.add_flag("earlier_low_yield", Text("Crédits aux taux les plus bas", "Credits in the lowest interest groups"), "NAME_YIELD_GROUP", "low_normal", "low_action", concept=Concept.PAST_PRICES, risk=RiskDirection.FALLS)
PREVIOUS.add_column("earlier_age", Text("Temps depuis la décision", "Time since the decision"), "DAYS_DECISION", concept=Concept.PAST_OUTCOMES, sign=-1)
PREVIOUS.add_column("earlier_credit", Text("Crédit précédent", "Earlier credit"), "AMT_CREDIT", concept=Concept.PAST_CREDITS)
PREVIOUS.add_column("earlier_asked", Text("Montant demandé auparavant", "Amount asked for earlier"), "AMT_APPLICATION", concept=Concept.PAST_CREDITS)
PREVIOUS.add_column("earlier_instalment", Text("Mensualité précédente", "Earlier instalment"), "AMT_ANNUITY", concept=Concept.PAST_CREDITS)
PREVIOUS.add_column("earlier_insured", Text("Crédits précédents assurés", "Earlier credits insured"), "NFLAG_INSURED_ON_APPROVAL", concept=Concept.PAST_CREDITS)
PREVIOUS.add_column("earlier_seller_area", Text("Taille du point de vente", "Size of the seller's place"), "SELLERPLACE_AREA", concept=Concept.PAST_CREDITS)
PREVIOUS.add_column("earlier_planned_end", Text("Fin prévue des crédits précédents", "Planned end of earlier credits"), "DAYS_LAST_DUE_1ST_VERSION", concept=Concept.RUNNING_CREDITS, risk=RiskDirection.RISES)
PREVIOUS.add_value("earlier_term", Text("Durée du crédit précédent", "Term of the earlier credit"), WeightedSum.from_columns("CNT_PAYMENT"), unit=Unit.MONTHS, concept=Concept.PAST_CREDITS)
PREVIOUS.add_ratio("earlier_asked_to_granted", Text("Montant demandé sur montant proposé", "Amount asked for over amount offered"), "AMT_APPLICATION", "AMT_CREDIT", concept=Concept.PAST_CREDITS, risk=RiskDirection.RISES)
PREVIOUS.add_ratio("earlier_goods_to_credit", Text("Prix du bien sur crédit précédent", "Price of the goods over earlier credit"), "AMT_GOODS_PRICE", "AMT_CREDIT", concept=Concept.PAST_CREDITS)
PREVIOUS.add_ratio("earlier_instalment_share", Text("Mensualité sur crédit précédent", "Instalment over earlier credit"), "AMT_ANNUITY", "AMT_CREDIT", concept=Concept.PAST_CREDITS)
PREVIOUS.add_ratio("earlier_down_payment", Text("Apport sur crédit précédent", "Down payment over earlier credit"), "AMT_DOWN_PAYMENT", "AMT_CREDIT", concept=Concept.PAST_CREDITS, risk=RiskDirection.FALLS)
PREVIOUS.add_value("earlier_ended_early", Text("Fin anticipée de crédits précédents", "Early end of earlier credits"), WeightedSum({"DAYS_LAST_DUE_1ST_VERSION": 1, "DAYS_LAST_DUE": -1}), unit=Unit.DAYS, concept=Concept.AMOUNTS_PAID)
PREVIOUS.add_value("earlier_wait", Text("Temps jusqu’à la première échéance", "Time to the first instalment due"), WeightedSum({"DAYS_FIRST_DUE": 1, "DAYS_DECISION": -1}), unit=Unit.DAYS, concept=Concept.PAST_CREDITS)
PREVIOUS.add_value("earlier_lasted", Text("Temps jusqu’à la clôture des crédits précédents", "Time until earlier credits were closed"), WeightedSum({"DAYS_TERMINATION": 1, "DAYS_DECISION": -1}), unit=Unit.DAYS, concept=Concept.PAST_CREDITS)
# fmt: on


@PREVIOUS.value(
    Text("Taux d’intérêt reconstitué", "Reconstructed interest rate"),
    unit=Unit.SHARE, concept=Concept.PAST_PRICES, risk=RiskDirection.RISES,
)  # fmt: skip
def earlier_interest(application: Rows) -> Floats:
    """Return the yearly rate by the constant-ratio formula 24 (n a - c) / (c (n + 1)).

    n is the number of monthly instalments, a their amount and c the credit. A revolving loan has
    no number of instalments, so its rate is unknown.
    """
    term, credit = application["CNT_PAYMENT"], application["AMT_CREDIT"]
    return divide_or_nan(24 * (term * application["AMT_ANNUITY"] - credit), credit * (term + 1))


@PREVIOUS.value(
    Text("Demandes précédentes où moins a été proposé que demandé", "Earlier applications offered less than asked"),
    unit=Unit.FLAG, concept=Concept.PAST_OUTCOMES, risk=RiskDirection.RISES,
)  # fmt: skip
def earlier_cut(application: Rows) -> Floats:
    requested, granted = application["AMT_APPLICATION"], application["AMT_CREDIT"]
    return flag(granted < requested, (requested == requested) & (granted == granted))  # noqa: PLR0124 -- NaN


PREVIOUS.add_family(
    "earlier",
    "ever approved refused within_year two_years still_open cash purchase revolving",
    "count",
)
PREVIOUS.add_family(
    "earlier_refused",
    "ever within_year two_years newest_3 newest_5 cash purchase",
    "mean",
)
PREVIOUS.add_family("earlier_refused", "ever", "sum last decayed")
PREVIOUS.add_family("earlier_approved", "ever newest_3 newest_5 within_year cash", "mean")
PREVIOUS.add_family("earlier_withdrawn", "ever newest_3", "mean")
PREVIOUS.add_family("earlier_refused_on_risk earlier_refused_on_score", "ever within_year", "sum")
PREVIOUS.add_family("earlier_refused_on_score", "ever newest_5", "mean")
PREVIOUS.add_family("earlier_new_client earlier_cash earlier_revolving", "ever newest_3", "mean")
PREVIOUS.add_family("earlier_walk_in", "ever", "mean")
PREVIOUS.add_family("earlier_age", "ever approved refused cash purchase revolving", "min max mean")
PREVIOUS.add_family("earlier_credit", "approved", "mean max min sum trend")
PREVIOUS.add_family("earlier_credit", "refused cash purchase", "mean max")
PREVIOUS.add_family("earlier_credit", "still_open newest_3", "sum max")
PREVIOUS.add_family("earlier_credit", "ever", "last decayed")
PREVIOUS.add_family("earlier_asked", "ever refused", "max mean")
PREVIOUS.add_family("earlier_asked", "ever", "last")
PREVIOUS.add_family("earlier_instalment", "approved still_open newest_3 cash", "mean max sum")
PREVIOUS.add_family("earlier_instalment", "ever", "last min")
PREVIOUS.add_family("earlier_insured", "approved", "mean")
PREVIOUS.add_family("earlier_seller_area", "approved newest_3", "mean max")
PREVIOUS.add_family("earlier_term", "ever approved newest_3 still_open cash", "mean max")
PREVIOUS.add_family("earlier_term", "ever", "last sum decayed")
PREVIOUS.add_family("earlier_asked_to_granted", "ever approved newest_3", "mean max")
PREVIOUS.add_family("earlier_asked_to_granted", "approved", "std min")
PREVIOUS.add_family("earlier_goods_to_credit", "approved newest_3", "mean max min")
PREVIOUS.add_family("earlier_instalment_share", "ever approved newest_3 cash", "mean max min")
PREVIOUS.add_family("earlier_down_payment", "ever approved", "mean max")
PREVIOUS.add_family("earlier_down_payment", "ever", "last")
PREVIOUS.add_family("earlier_interest", "approved newest_3 refused cash purchase", "mean max min")
PREVIOUS.add_family("earlier_interest", "ever", "last decayed trend")
PREVIOUS.add_family("earlier_planned_end", "approved newest_3", "max mean")
PREVIOUS.add_family("earlier_ended_early", "approved newest_3", "mean max min")
PREVIOUS.add_family("earlier_wait", "approved", "mean max min")
PREVIOUS.add_family("earlier_lasted", "approved", "mean min max")
PREVIOUS.add_family("earlier_cut", "ever", "mean sum")
PREVIOUS.add_family("earlier_high_yield earlier_low_yield", "ever approved newest_3", "mean")
