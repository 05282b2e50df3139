"""Features that combine the three external scores, with each other and with the form."""

from __future__ import annotations

import numpy as np

from credit.dossier import Bools, Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.form_features import FormFeatures
from credit.features.expressions.nan_arithmetic import divide_or_nan
from credit.features.expressions.vectorised import memoise_per_rows
from credit.localised_text import Text

EXTERNAL_SCORES = FormFeatures()

SCORE_NUMBERS = (1, 2, 3)
SCORE_WEIGHTS = np.array([[2.0], [3.0], [4.0]])
SCORE_PAIRS = ((1, 2), (1, 3), (2, 3))


@memoise_per_rows
def _get_scores(form: Rows) -> Floats:
    return form.select_columns(tuple(f"EXT_SOURCE_{number}" for number in SCORE_NUMBERS))


@memoise_per_rows
def _mask_known_scores(form: Rows) -> Bools:
    return ~np.isnan(_get_scores(form))


@memoise_per_rows
def _fill_unknown_with_zero(form: Rows) -> Floats:
    return np.where(_mask_known_scores(form), _get_scores(form), 0.0)


@EXTERNAL_SCORES.feature(
    Text("Notes externes connues", "External scores known"),
    unit=Unit.COUNT, concept=Concept.EXTERNAL_SCORES,
)  # fmt: skip
@memoise_per_rows
def external_scores_known(form: Rows) -> Floats:
    return np.add.reduce(_mask_known_scores(form), dtype=np.float64)


@EXTERNAL_SCORES.feature(
    Text("Notes externes (moyenne)", "External scores (mean)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
)  # fmt: skip
@memoise_per_rows
def external_score_mean(form: Rows) -> Floats:
    return divide_or_nan(np.add.reduce(_fill_unknown_with_zero(form)), external_scores_known(form))


@EXTERNAL_SCORES.feature(
    Text("Notes externes (moyenne pondérée)", "External scores (weighted mean)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
)  # fmt: skip
def external_score_weighted(form: Rows) -> Floats:
    """Return the mean weighted 2, 3, 4; the later scores predict better, as in public kernels."""
    weighted_scores, known_weights = (
        SCORE_WEIGHTS * _fill_unknown_with_zero(form),
        SCORE_WEIGHTS * _mask_known_scores(form),
    )
    return divide_or_nan(np.add.reduce(weighted_scores), np.add.reduce(known_weights))


@EXTERNAL_SCORES.feature(
    Text("Notes externes (la plus basse)", "External scores (lowest)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
)  # fmt: skip
@memoise_per_rows
def external_score_lowest(form: Rows) -> Floats:
    return np.fmin.reduce(_get_scores(form))


@EXTERNAL_SCORES.feature(
    Text("Notes externes (la plus haute)", "External scores (highest)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
)  # fmt: skip
@memoise_per_rows
def external_score_highest(form: Rows) -> Floats:
    return np.fmax.reduce(_get_scores(form))


@EXTERNAL_SCORES.feature(
    Text("Notes externes (écart)", "External scores (spread)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES,
)  # fmt: skip
def external_score_spread(form: Rows) -> Floats:
    return external_score_highest(form) - external_score_lowest(form)


@EXTERNAL_SCORES.feature(
    Text("Notes externes (médiane)", "External scores (median)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
)  # fmt: skip
def external_score_median(form: Rows) -> Floats:
    """Return the median of the known scores; for two it is their mean."""
    known_count, mean = external_scores_known(form), external_score_mean(form)
    median_of_three = (
        known_count * mean - external_score_lowest(form) - external_score_highest(form)
    )
    return np.where(known_count == len(SCORE_NUMBERS), median_of_three, mean)


@EXTERNAL_SCORES.feature(
    Text("Notes externes (produit)", "External scores (product)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
)  # fmt: skip
def external_score_product(form: Rows) -> Floats:
    return np.multiply.reduce(_get_scores(form))


def _declare_product(first_number: int, second_number: int) -> None:
    first_column, second_column = f"EXT_SOURCE_{first_number}", f"EXT_SOURCE_{second_number}"
    EXTERNAL_SCORES.add_feature(
        f"external_score_{first_number}_times_{second_number}",
        Text(f"Notes externes {first_number} et {second_number} (produit)", f"External scores {first_number} and {second_number} (product)"),
        lambda form: form[first_column] * form[second_column],
        unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
    )  # fmt: skip


for _first_number, _second_number in SCORE_PAIRS:
    _declare_product(_first_number, _second_number)


@EXTERNAL_SCORES.feature(
    Text("Ancienneté dans l’emploi × notes externes", "Time in the present job × external scores"),
    unit=Unit.DAYS, concept=Concept.EXTERNAL_SCORES, risk=RiskDirection.FALLS,
)  # fmt: skip
def time_employed_times_external(form: Rows) -> Floats:
    return -form["DAYS_EMPLOYED"] * external_score_mean(form)
