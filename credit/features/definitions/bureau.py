"""Features of credits with other lenders, reported by the credit bureau."""

from __future__ import annotations

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.history_features import HistoryFeatures
from credit.features.definitions.bureau_balance import BUREAU_MONTHS
from credit.features.expressions.nan_arithmetic import (
    DAYS_PER_YEAR,
    clip_at_zero,
    count_each_row,
    divide_or_nan,
    flag_above,
)
from credit.features.expressions.vectorised import WeightedSum, memoise_per_rows
from credit.localised_text import Text
from credit.schema import BUREAU as BUREAU_TABLE

BUREAU = HistoryFeatures(
    table=BUREAU_TABLE,
    order_by=("DAYS_CREDIT", "SK_ID_BUREAU"),
    child=BUREAU_MONTHS,
    child_key="SK_ID_BUREAU",
)

BUREAU.add_window_where(
    "active", Text("crédits en cours", "running credits"), "CREDIT_ACTIVE", "Active"
)
BUREAU.add_window_where(
    "closed", Text("crédits clos", "closed credits"), "CREDIT_ACTIVE", "Closed"
)
BUREAU.add_window_where(
    "consumer",
    Text("crédits à la consommation", "consumer credits"),
    "CREDIT_TYPE",
    "Consumer credit",
)
BUREAU.add_window_where(
    "card", Text("cartes de crédit", "credit cards"), "CREDIT_TYPE", "Credit card"
)
BUREAU.add_window_where(
    "microloan", Text("microcrédits", "microloans"), "CREDIT_TYPE", "Microloan"
)
BUREAU.add_window_where(
    "secured",
    Text("crédits immobiliers ou automobiles", "mortgages or car loans"),
    "CREDIT_TYPE",
    "Mortgage",
    "Car loan",
)
BUREAU.add_window_since(
    "half_year", Text("demandés depuis six mois", "asked for within six months"), 182
)
BUREAU.add_window_since(
    "recent", Text("demandés depuis un an", "asked for within a year"), DAYS_PER_YEAR
)
BUREAU.add_window_since(
    "two_years", Text("demandés depuis deux ans", "asked for within two years"), 2 * DAYS_PER_YEAR
)
BUREAU.add_newest_window(3, Text("3 derniers crédits", "latest 3 credits"))


@BUREAU.value(
    Text("Crédits chez d’autres prêteurs", "Credits with other lenders"),
    unit=Unit.COUNT, concept=Concept.OTHER_CREDITS,
)  # fmt: skip
def other_credits(credit: Rows) -> Floats:
    return count_each_row(credit)


# fmt: off
BUREAU.add_flag("other_running", Text("Crédits encore en cours chez d’autres prêteurs", "Credits still running with other lenders"), "CREDIT_ACTIVE", "Active", concept=Concept.OTHER_CREDITS, risk=RiskDirection.RISES)
BUREAU.add_flag("other_lost", Text("Crédits cédés ou irrécouvrables chez d’autres prêteurs", "Credits sold or written off by other lenders"), "CREDIT_ACTIVE", "Sold", "Bad debt", concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES)
BUREAU.add_flag("other_microloan", Text("Microcrédits chez d’autres prêteurs", "Microloans with other lenders"), "CREDIT_TYPE", "Microloan", concept=Concept.OTHER_CREDITS)
BUREAU.add_flag("other_card", Text("Cartes chez d’autres prêteurs", "Cards with other lenders"), "CREDIT_TYPE", "Credit card", concept=Concept.OTHER_CREDITS)
BUREAU.add_column("other_age", Text("Ancienneté des crédits chez d’autres prêteurs", "Age of credits with other lenders"), "DAYS_CREDIT", concept=Concept.OTHER_CREDITS, risk=RiskDirection.FALLS, sign=-1)
BUREAU.add_column("other_time_left", Text("Temps restant des crédits chez d’autres prêteurs", "Time left of credits with other lenders"), "DAYS_CREDIT_ENDDATE", concept=Concept.OTHER_CREDITS)
BUREAU.add_column("other_since_end", Text("Temps depuis la fin des crédits chez d’autres prêteurs", "Time since credits with other lenders ended"), "DAYS_ENDDATE_FACT", concept=Concept.OTHER_CREDITS, risk=RiskDirection.FALLS, sign=-1)
BUREAU.add_column("other_since_update", Text("Temps depuis la dernière mise à jour du fichier des crédits", "Time since the credit bureau's last update"), "DAYS_CREDIT_UPDATE", concept=Concept.OTHER_CREDITS, risk=RiskDirection.FALLS, sign=-1)
BUREAU.add_column("other_credit", Text("Montant des crédits chez d’autres prêteurs", "Amount of credits with other lenders"), "AMT_CREDIT_SUM", concept=Concept.OTHER_CREDITS)
BUREAU.add_column("other_debt", Text("Dette restante chez d’autres prêteurs", "Debt left with other lenders"), "AMT_CREDIT_SUM_DEBT", concept=Concept.OTHER_DEBT, risk=RiskDirection.RISES)
BUREAU.add_column("other_limit", Text("Plafond de carte encore disponible chez d’autres prêteurs", "Card limit left with other lenders"), "AMT_CREDIT_SUM_LIMIT", concept=Concept.OTHER_CREDITS)
BUREAU.add_column("other_instalment", Text("Mensualité chez d’autres prêteurs", "Instalment with other lenders"), "AMT_ANNUITY", concept=Concept.OTHER_DEBT)
BUREAU.add_column("other_overdue", Text("Impayé actuel chez d’autres prêteurs", "Amount overdue with other lenders"), "AMT_CREDIT_SUM_OVERDUE", concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES)
BUREAU.add_column("other_worst_overdue", Text("Plus grand impayé chez d’autres prêteurs", "Greatest amount ever overdue with other lenders"), "AMT_CREDIT_MAX_OVERDUE", concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES)
BUREAU.add_column("other_prolonged", Text("Crédits prolongés chez d’autres prêteurs", "Credits prolonged with other lenders"), "CNT_CREDIT_PROLONG", concept=Concept.OTHER_CREDITS, risk=RiskDirection.RISES)
BUREAU.add_ratio("other_debt_share", Text("Part restant à payer chez d’autres prêteurs", "Share left to pay with other lenders"), "AMT_CREDIT_SUM_DEBT", "AMT_CREDIT_SUM", concept=Concept.OTHER_DEBT, risk=RiskDirection.RISES)
BUREAU.add_ratio("other_overdue_share", Text("Part impayée de la dette chez d’autres prêteurs", "Overdue share of the debt with other lenders"), "AMT_CREDIT_SUM_OVERDUE", "AMT_CREDIT_SUM_DEBT", concept=Concept.OTHER_LATENESS)
BUREAU.add_ratio("other_worst_share", Text("Plus grand impayé sur crédit chez d’autres prêteurs", "Greatest amount overdue over credit with other lenders"), "AMT_CREDIT_MAX_OVERDUE", "AMT_CREDIT_SUM", concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES)


def _declare_lateness(name: str, fr: str, en: str, child_feature: str, unit: Unit) -> None:
    """Declare a feature of a credit's months as a value of the credit."""
    BUREAU.add_value(
        name, Text(f"{fr} chez d’autres prêteurs", f"{en} with other lenders"),
        WeightedSum.from_columns(child_feature), unit=unit, concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES,
    )


_declare_lateness("other_late_share", "Part de mois en retard", "Share of late months", "month_late_mean_ever", Unit.SHARE)
_declare_lateness("other_late_recently", "Part de mois en retard, les récents pesant plus,", "Share of late months, the recent weighing more,", "month_late_decayed_ever", Unit.SHARE)
_declare_lateness("other_late_months", "Mois en retard depuis un an", "Late months within a year", "month_late_sum_last_year", Unit.COUNT)
_declare_lateness("other_late_months_ever", "Mois en retard depuis toujours", "Late months ever", "month_late_sum_ever", Unit.COUNT)
_declare_lateness("other_late_months_half", "Mois en retard depuis six mois", "Late months within six months", "month_late_sum_last_half", Unit.COUNT)
_declare_lateness("other_severity", "Gravité du retard (0 à 5)", "Severity of lateness (0 to 5)", "month_severity_max_ever", Unit.RATING)
_declare_lateness("other_severity_last_year", "Gravité du retard (0 à 5) depuis un an", "Severity of lateness (0 to 5) within a year", "month_severity_max_last_year", Unit.RATING)
_declare_lateness("other_severity_recently", "Gravité du retard, le récent pesant plus,", "Severity of lateness, the recent weighing more,", "month_severity_decayed_ever", Unit.RATING)

BUREAU.add_value("other_months", Text("Mois suivis chez d’autres prêteurs", "Months on file with other lenders"), WeightedSum.from_columns("month_on_file_count_ever"), unit=Unit.COUNT, concept=Concept.OTHER_CREDITS)
BUREAU.add_value("other_months_closed", Text("Part de mois soldés chez d’autres prêteurs", "Share of closed months with other lenders"), WeightedSum.from_columns("month_closed_mean_ever"), unit=Unit.SHARE, concept=Concept.OTHER_CREDITS)
BUREAU.add_value("other_months_silent", Text("Part de mois sans information chez d’autres prêteurs", "Share of months without information with other lenders"), WeightedSum.from_columns("month_silent_mean_ever"), unit=Unit.SHARE, concept=Concept.OTHER_CREDITS)
# fmt: on


@BUREAU.value(
    Text("Crédits en retard chez d’autres prêteurs", "Credits overdue with other lenders"),
    unit=Unit.FLAG, concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES,
)  # fmt: skip
def other_late_now(credit: Rows) -> Floats:
    return flag_above(credit["CREDIT_DAY_OVERDUE"], 0)


@BUREAU.value(
    Text("Fin plus tardive que prévu chez d’autres prêteurs", "Ended later than planned with other lenders"),
    unit=Unit.DAYS, concept=Concept.OTHER_LATENESS, risk=RiskDirection.RISES,
)  # fmt: skip
def other_ended_late(credit: Rows) -> Floats:
    return clip_at_zero(credit["DAYS_ENDDATE_FACT"] - credit["DAYS_CREDIT_ENDDATE"])


@BUREAU.value(
    Text("Durée prévue des crédits chez d’autres prêteurs", "Planned term of credits with other lenders"),
    unit=Unit.DAYS, concept=Concept.OTHER_CREDITS,
)  # fmt: skip
@memoise_per_rows
def other_term(credit: Rows) -> Floats:
    return credit["DAYS_CREDIT_ENDDATE"] - credit["DAYS_CREDIT"]


@BUREAU.value(
    Text("Part utilisée du plafond chez d’autres prêteurs", "Share of the limit used with other lenders"),
    unit=Unit.SHARE, concept=Concept.OTHER_DEBT, risk=RiskDirection.RISES,
)  # fmt: skip
def other_limit_used(credit: Rows) -> Floats:
    """Return debt / (debt + remaining limit). An overdrawn limit counts as 0 remaining."""
    debt = clip_at_zero(credit["AMT_CREDIT_SUM_DEBT"])
    return divide_or_nan(debt, debt + clip_at_zero(credit["AMT_CREDIT_SUM_LIMIT"]))


@BUREAU.value(
    Text("Part restant à payer moins part de la durée restante, chez d’autres prêteurs", "Share left to pay less share of the term left, with other lenders"),
    unit=Unit.RATIO, concept=Concept.OTHER_DEBT, risk=RiskDirection.RISES,
)  # fmt: skip
def other_behind_plan(credit: Rows) -> Floats:
    """Return the share of the amount still to pay, minus the share of the term that remains."""
    term_left_share = divide_or_nan(
        clip_at_zero(credit["DAYS_CREDIT_ENDDATE"]), other_term(credit)
    )
    return divide_or_nan(credit["AMT_CREDIT_SUM_DEBT"], credit["AMT_CREDIT_SUM"]) - term_left_share


BUREAU.add_family(
    "other_credits",
    "ever active closed half_year recent two_years consumer card microloan secured",
    "count",
)
BUREAU.add_family("other_running", "ever consumer card newest_3 two_years", "mean")
BUREAU.add_family("other_running", "ever", "last decayed")
BUREAU.add_family("other_lost", "ever", "sum")
BUREAU.add_family("other_microloan other_card", "ever newest_3", "mean")
BUREAU.add_family("other_age", "ever active closed consumer card secured", "min max mean")
BUREAU.add_family("other_age", "microloan", "min")
BUREAU.add_family("other_age", "ever", "std")
BUREAU.add_family("other_time_left", "active", "min max mean sum")
BUREAU.add_family("other_time_left", "ever", "max mean")
BUREAU.add_family("other_since_end", "closed", "min mean max")
BUREAU.add_family("other_since_update", "ever active", "min mean max")
BUREAU.add_family("other_credit", "ever", "mean max sum std last trend decayed")
BUREAU.add_family("other_credit", "active", "mean max sum last")
BUREAU.add_family("other_credit", "closed consumer card recent newest_3", "mean max sum")
BUREAU.add_family("other_debt", "ever active", "mean max sum")
BUREAU.add_family("other_debt", "recent two_years card consumer secured", "sum max")
BUREAU.add_family("other_debt", "ever", "decayed trend")
BUREAU.add_family("other_debt_share", "active", "mean max min")
BUREAU.add_family("other_debt_share", "consumer card newest_3", "mean max")
BUREAU.add_family("other_behind_plan", "active", "mean max")
BUREAU.add_family("other_limit", "card active", "sum max")
BUREAU.add_family("other_limit_used", "active", "mean max")
BUREAU.add_family("other_instalment", "active", "sum max mean")
BUREAU.add_family("other_overdue", "ever active", "sum max")
BUREAU.add_family("other_overdue_share", "active", "max")
BUREAU.add_family("other_worst_overdue", "ever active two_years", "max mean")
BUREAU.add_family("other_worst_overdue", "ever", "sum decayed")
BUREAU.add_family("other_worst_share", "ever two_years", "max mean")
BUREAU.add_family("other_late_now", "ever", "sum mean")
BUREAU.add_family("other_prolonged", "ever active", "sum")
BUREAU.add_family("other_ended_late", "closed", "mean max")
BUREAU.add_family("other_term", "ever active closed card newest_3", "mean max")
BUREAU.add_family("other_late_share", "ever active closed", "mean max")
BUREAU.add_family("other_late_recently", "ever active", "mean max")
BUREAU.add_family("other_late_months", "ever active", "sum max")
BUREAU.add_family("other_late_months_ever", "ever active", "sum max")
BUREAU.add_family("other_late_months_half", "ever", "sum")
BUREAU.add_family(
    "other_severity other_severity_last_year other_severity_recently", "ever active", "max mean"
)
BUREAU.add_family("other_months", "ever", "sum mean max min")
BUREAU.add_family("other_months_closed other_months_silent", "ever", "mean")
