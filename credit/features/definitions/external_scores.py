"""The scores of outside agencies, together and against the rest of the form."""

from __future__ import annotations

import numpy as np

from credit.dossier import Bools, Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Risk, Unit
from credit.features.declaration.form_features import Form
from credit.features.expressions.nan_arithmetic import ratio
from credit.features.expressions.vectorised import once
from credit.localised_text import Text

SCORES = Form()

NUMBERS = (1, 2, 3)
WEIGHTS = np.array([[2.0], [3.0], [4.0]])
PAIRS = ((1, 2), (1, 3), (2, 3))


@once
def _scores(form: Rows) -> Floats:
    return form.columns(tuple(f"EXT_SOURCE_{number}" for number in NUMBERS))


@once
def _known(form: Rows) -> Bools:
    return ~np.isnan(_scores(form))


@once
def _known_or_zero(form: Rows) -> Floats:
    return np.where(_known(form), _scores(form), 0.0)


@SCORES.feature(
    Text("Notes externes connues", "External scores known"),
    unit=Unit.COUNT, concept=Concept.EXTERNAL_SCORES,
)  # fmt: skip
@once
def external_scores_known(form: Rows) -> Floats:
    return np.add.reduce(_known(form), dtype=np.float64)


@SCORES.feature(
    Text("Notes externes (moyenne)", "External scores (mean)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
)  # fmt: skip
@once
def external_score_mean(form: Rows) -> Floats:
    return ratio(np.add.reduce(_known_or_zero(form)), external_scores_known(form))


@SCORES.feature(
    Text("Notes externes (moyenne pondérée)", "External scores (weighted mean)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
)  # fmt: skip
def external_score_weighted(form: Rows) -> Floats:
    """Weights 2, 3, 4: the later scores tell more (public kernels agree)."""
    scores, known = WEIGHTS * _known_or_zero(form), WEIGHTS * _known(form)
    return ratio(np.add.reduce(scores), np.add.reduce(known))


@SCORES.feature(
    Text("Notes externes (la plus basse)", "External scores (lowest)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
)  # fmt: skip
@once
def external_score_lowest(form: Rows) -> Floats:
    return np.fmin.reduce(_scores(form))


@SCORES.feature(
    Text("Notes externes (la plus haute)", "External scores (highest)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
)  # fmt: skip
@once
def external_score_highest(form: Rows) -> Floats:
    return np.fmax.reduce(_scores(form))


@SCORES.feature(
    Text("Notes externes (écart)", "External scores (spread)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES,
)  # fmt: skip
def external_score_spread(form: Rows) -> Floats:
    return external_score_highest(form) - external_score_lowest(form)


@SCORES.feature(
    Text("Notes externes (médiane)", "External scores (median)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
)  # fmt: skip
def external_score_median(form: Rows) -> Floats:
    """Of two known scores, their mean; of one, itself."""
    known, mean = external_scores_known(form), external_score_mean(form)
    middle = known * mean - external_score_lowest(form) - external_score_highest(form)
    return np.where(known == len(NUMBERS), middle, mean)


@SCORES.feature(
    Text("Notes externes (produit)", "External scores (product)"),
    unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
)  # fmt: skip
def external_score_product(form: Rows) -> Floats:
    return np.multiply.reduce(_scores(form))


def _pairs(one: int, other: int) -> None:
    first, second = f"EXT_SOURCE_{one}", f"EXT_SOURCE_{other}"
    SCORES.number(
        f"external_score_{one}_times_{other}",
        Text(f"Notes externes {one} et {other} (produit)", f"External scores {one} and {other} (product)"),
        lambda form: form[first] * form[second],
        unit=Unit.SCORE, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
    )  # fmt: skip


for _one, _other in PAIRS:
    _pairs(_one, _other)


@SCORES.feature(
    Text("Ancienneté dans l’emploi × notes externes", "Time in the present job × external scores"),
    unit=Unit.DAYS, concept=Concept.EXTERNAL_SCORES, risk=Risk.FALLS,
)  # fmt: skip
def time_employed_times_external(form: Rows) -> Floats:
    return -form["DAYS_EMPLOYED"] * external_score_mean(form)
