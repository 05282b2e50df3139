"""`parameters.json` -> the model of everything that is drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.synthetic.labels.application_risk import Curve, RiskModel, Scorecard
from training.synthetic.labels.history_risk import Weighing
from training.synthetic.sampling.latent_traits import (
    Traits,
    from_lower_triangle,
    nearest_correlation,
)
from training.synthetic.sampling.marginals import Marginal, marginal
from training.synthetic.sampling.row_model import RowModel
from training.synthetic.tables.application import FormModel
from training.synthetic.tables.bureau import BureauModel
from training.synthetic.tables.credit_cards import CardModel
from training.synthetic.tables.instalment_payments import RepaymentModel

PARAMETERS = Path(__file__).with_name("parameters.json")
"""Aggregates of the real tables, none of fewer than twenty clients; `calibrate` derives it."""

Stored = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Model:
    """All that is needed to draw clients and their histories."""

    traits: Traits
    form: FormModel
    risk: RiskModel
    bureau: BureauModel
    previous: RowModel
    repayment: RepaymentModel
    cards: CardModel


def read_model(path: Path = PARAMETERS) -> Model:
    return model(json.loads(path.read_text(encoding="utf-8")))


def model(stored: Stored) -> Model:
    """The model of parameters as they are stored."""
    bureau = stored["bureau"]
    return Model(
        traits=traits(stored["traits"]),
        form=form_model(stored["form"]),
        risk=risk_model(stored["risk"]),
        bureau=BureauModel(
            credits=row_model("bureau", bureau["rows"]),
            starts_unknown=bureau["starts_unknown"],
            transitions=np.array(bureau["transitions"]),
            lean=bureau["lean"],
            end_unreported=bureau["end_unreported"],
        ),
        previous=row_model("previous", stored["previous"]),
        repayment=RepaymentModel(**_with_marginals(stored["repayment"])),
        cards=CardModel(**_with_marginals(stored["cards"])),
    )


def traits(stored: Stored) -> Traits:
    correlation = nearest_correlation(from_lower_triangle(stored["correlation"]))
    return Traits(names=tuple(stored["names"]), correlation=correlation)


def form_model(stored: Stored) -> FormModel:
    return FormModel(
        marginals=_marginals(stored["marginals"]),
        shifted=_marginals(stored["shifted"]),
    )


def scorecard(stored: Stored) -> Scorecard:
    curves = {
        name: Curve(
            knots=np.array(kept["knots"], dtype=float),
            log_odds=np.array(kept["log_odds"]),
            unknown=kept["unknown"],
        )
        for name, kept in stored["curves"].items()
    }
    return Scorecard(curves=curves, words=stored["words"])


def risk_model(stored: Stored) -> RiskModel:
    return RiskModel(
        scorecard=scorecard(stored["scorecard"]),
        gain=stored["gain"],
        base=stored["base"],
        weighings={name: Weighing(**kept) for name, kept in stored["experience"].items()},
    )


def row_model(table: str, stored: Stored) -> RowModel:
    return RowModel(
        table=table,
        traits=tuple(stored["shared"]),
        shared=np.array(list(stored["shared"].values())),
        correlation=from_lower_triangle(stored["correlation"]),
        marginals=_marginals(stored["marginals"]),
    )


def _marginals(stored: Stored) -> dict[str, Marginal]:
    return {name: marginal(kept) for name, kept in stored.items()}


def _with_marginals(stored: Stored) -> dict[str, Any]:
    return {**stored, "marginals": _marginals(stored["marginals"])}
