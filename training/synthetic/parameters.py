"""Read `parameters.json` into the typed model that the generator samples from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.synthetic.labels.application_risk import Curve, RiskModel, Scorecard
from training.synthetic.labels.history_risk import HistoryEffect
from training.synthetic.sampling.latent_traits import (
    LatentTraits,
    find_nearest_correlation,
    restore_from_lower_triangle,
)
from training.synthetic.sampling.marginals import Marginal, parse_marginal
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.application import FormModel
from training.synthetic.tables.bureau import BureauModel
from training.synthetic.tables.credit_cards import CardModel
from training.synthetic.tables.instalment_payments import RepaymentModel

PARAMETERS_FILE = Path(__file__).with_name("parameters.json")
"""Aggregates of the real tables, each over at least 20 clients; written by `calibration`."""

StoredParameters = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PopulationModel:
    """Hold the parameters for sampling clients and their histories."""

    traits: LatentTraits
    form: FormModel
    risk: RiskModel
    bureau: BureauModel
    previous: RowModel
    repayment: RepaymentModel
    cards: CardModel


def read_population_model(path: Path = PARAMETERS_FILE) -> PopulationModel:
    return parse_population_model(json.loads(path.read_text(encoding="utf-8")))


def parse_population_model(stored: StoredParameters) -> PopulationModel:
    """Convert stored parameters to the typed model."""
    bureau = stored["bureau"]
    return PopulationModel(
        traits=parse_traits(stored["traits"]),
        form=parse_form_model(stored["form"]),
        risk=parse_risk_model(stored["risk"]),
        bureau=BureauModel(
            credits=parse_row_model("bureau", bureau["rows"]),
            starts_unknown=bureau["starts_unknown"],
            transitions=np.array(bureau["transitions"]),
            lateness_correlation=bureau["lean"],
            end_unreported=bureau["end_unreported"],
        ),
        previous=parse_row_model("previous", stored["previous"]),
        repayment=RepaymentModel(**_parse_with_marginals(stored["repayment"])),
        cards=CardModel(**_parse_with_marginals(stored["cards"])),
    )


def parse_traits(stored: StoredParameters) -> LatentTraits:
    correlation = find_nearest_correlation(restore_from_lower_triangle(stored["correlation"]))
    return LatentTraits(names=tuple(stored["names"]), correlation=correlation)


def parse_form_model(stored: StoredParameters) -> FormModel:
    return FormModel(
        marginals=_parse_marginals(stored["marginals"]),
        test_marginals=_parse_marginals(stored["shifted"]),
    )


def parse_scorecard(stored: StoredParameters) -> Scorecard:
    curves = {
        name: Curve(
            knots=np.array(stored_curve["knots"], dtype=float),
            log_odds=np.array(stored_curve["log_odds"]),
            unknown=stored_curve["unknown"],
        )
        for name, stored_curve in stored["curves"].items()
    }
    return Scorecard(curves=curves, categories=stored["words"])


def parse_risk_model(stored: StoredParameters) -> RiskModel:
    return RiskModel(
        scorecard=parse_scorecard(stored["scorecard"]),
        log_odds_scale=stored["gain"],
        intercept=stored["base"],
        history_effects={
            name: HistoryEffect(**stored_effect)
            for name, stored_effect in stored["experience"].items()
        },
    )


def parse_row_model(table: str, stored: StoredParameters) -> RowModel:
    return RowModel(
        table=table,
        traits=tuple(stored["shared"]),
        between_client_share=np.array(list(stored["shared"].values())),
        within_correlation=restore_from_lower_triangle(stored["correlation"]),
        marginals=_parse_marginals(stored["marginals"]),
    )


def _parse_marginals(stored: StoredParameters) -> dict[str, Marginal]:
    return {name: parse_marginal(stored_marginal) for name, stored_marginal in stored.items()}


def _parse_with_marginals(stored: StoredParameters) -> dict[str, Any]:
    return {**stored, "marginals": _parse_marginals(stored["marginals"])}
