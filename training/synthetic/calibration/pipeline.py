"""All aggregates together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from training.synthetic import parameters
from training.synthetic.calibration import (
    bureau,
    credit_cards,
    instalment_payments,
    previous_application,
)
from training.synthetic.calibration.application import (
    Forms,
    marginals,
    trait_scores,
    word_orders,
)
from training.synthetic.calibration.copula import form_correlation
from training.synthetic.calibration.estimators import Stored, sensible
from training.synthetic.calibration.histories import counts, history_blocks, history_levels
from training.synthetic.calibration.history_effects import weighings
from training.synthetic.calibration.scorecard import scorecard
from training.synthetic.calibration.source_data import RealData, as_in_population
from training.synthetic.calibration.trait_correlations import Block, correlation_of, of_clients
from training.synthetic.calibration.trait_observations import TRAITS
from training.synthetic.calibration.variance_components import Levels
from training.synthetic.generator import Ids, draw_histories
from training.synthetic.labels.application_risk import base_log_odds
from training.synthetic.labels.history_risk import summarise
from training.synthetic.sampling.marginals import Numbers
from training.synthetic.tables.clients import draw_clients

ABOUT = (
    "Aggregates of the public Home Credit Default Risk tables, none of fewer than twenty clients, "
    "from which synthetic tables are drawn. Derived by python -m training.synthetic.calibration."
)
GAIN = 1.2
"""What the scorecard's log-odds are multiplied by, so that synthetic clients are as hard to tell
apart as real ones: curves fitted to 14,000 forms find but a part of what there is."""

LEAST_CORRELATION = 0.025
"""Smaller ones are kept as 0: they are within what chance makes of 8,500 clients."""

TRIAL_CLIENTS = 60_000
"""How many are drawn to set the base rate."""


def derive(real: RealData) -> Stored:
    """Everything in `parameters.json`."""
    labelled = real.forms.earlier
    forms = Forms(labelled.drop("TARGET"), real.forms.later)
    form = _form(forms, real)
    shown = of_clients(
        tuple(TRAITS),
        trait_scores(real.known.clients, word_orders(form)),
        form_correlation(forms, form),
    )
    found = history_levels(real.known)
    difficulties = labelled["TARGET"].to_numpy().astype(float)
    kept = {
        "about": ABOUT,
        "traits": _traits([shown, *history_blocks(real.known, found)]),
        "form": form,
        "risk": {
            "gain": GAIN,
            "base": 0.0,
            "experience": {},
            "scorecard": scorecard(forms.earlier, difficulties, forms.later),
        },
        "bureau": _bureau(real, found["bureau"]),
        "previous": _previous(real, found["previous"]),
        "repayment": _repayment(real),
        "cards": _cards(real),
    }
    return kept | {"risk": _risk(real, kept)}


def _form(forms: Forms, real: RealData) -> Stored:
    kept, shifted = marginals(forms, *real.applicants)
    of_earlier, of_later = counts(real.known)
    return {
        "marginals": kept | of_earlier,
        "shifted": shifted | of_later,
    }


def _traits(blocks: Sequence[Block]) -> Stored:
    return {
        "names": [name for block in blocks for name in block.names],
        "correlation": _lower_triangle(correlation_of(blocks)),
    }


def _bureau(real: RealData, found: Levels) -> Stored:
    rows = bureau.with_steps(real.known.histories["bureau"])
    return {
        "rows": _rows(found, bureau.credit_marginals(as_in_population(real, rows))),
        **bureau.month_states(real.known.histories["bureau_balance"], rows),
    }


def _previous(real: RealData, found: Levels) -> Stored:
    rows = previous_application.with_steps(real.known.histories["previous_application"])
    balance = real.known.histories["POS_CASH_balance"]
    kept = previous_application.application_marginals(as_in_population(real, rows))
    kept |= previous_application.old_contracts(rows, balance, real.known.clients.height)
    return _rows(found, kept)


def _rows(found: Levels, kept: Stored) -> Stored:
    shared = zip(found.names, found.shared, strict=True)
    return {
        "shared": {name: round(float(share), 3) for name, share in shared},
        "correlation": _lower_triangle(found.own),
        "marginals": kept,
    }


def _repayment(real: RealData) -> Stored:
    target = real.repaying.clients.select("SK_ID_CURR", "TARGET")
    return instalment_payments.repayment(
        real.repaying.histories["installments_payments"].join(target, on="SK_ID_CURR"),
        real.repaying.histories["previous_application"],
        real.known.histories["POS_CASH_balance"],
        population_rate=real.applicants[0].mean("TARGET"),
        never_paid=sensible(1 - real.payments.share_known("DAYS_ENTRY_PAYMENT"), 2),
    )


def _cards(real: RealData) -> Stored:
    kept = credit_cards.cards(
        real.known.histories["credit_card_balance"],
        real.known.histories["previous_application"],
        real.known.clients.height,
    )
    payments = credit_cards.payments_a_month(
        real.repaying.histories["installments_payments"],
        real.repaying.histories["credit_card_balance"],
    )
    return kept | {"payments": payments}


def _risk(real: RealData, kept: Stored) -> Stored:
    """How histories count beyond the form, and the base that gives the population's rate."""
    rate = real.applicants[0].mean("TARGET")
    clients = real.known.clients
    difficulties = clients["TARGET"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    of_form = GAIN * parameters.scorecard(kept["risk"]["scorecard"]).log_odds(clients)
    base = base_log_odds(of_form[np.isfinite(difficulties)], rate)
    summaries = summarise(real.known.histories, clients.height)
    risk = kept["risk"] | {"experience": weighings(summaries, of_form, base, difficulties)}
    drawing = parameters.model(kept | {"risk": risk})
    rng = np.random.default_rng(0)
    trial = draw_clients(drawing.traits, drawing.form, np.zeros(TRIAL_CLIENTS, dtype=bool), rng)
    histories = draw_histories(drawing, trial, np.arange(TRIAL_CLIENTS), Ids(), rng)
    log_odds = drawing.risk.log_odds(trial.form, summarise(histories, TRIAL_CLIENTS))
    return {**risk, "base": round(base_log_odds(log_odds, rate), 3)}


def _lower_triangle(correlation: Numbers) -> list[list[float]]:
    kept = np.where(np.abs(correlation) < LEAST_CORRELATION, 0.0, correlation)
    return [[sensible(round(v, 2)) for v in row[:i]] for i, row in enumerate(kept)]
