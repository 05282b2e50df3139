"""Combine all estimates into the content of `parameters.json`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from training.synthetic import parameters
from training.synthetic.calibration.copula import fit_form_correlation
from training.synthetic.calibration.estimators import StoredAggregate, round_significant
from training.synthetic.calibration.histories import (
    build_history_blocks,
    estimate_counts,
    estimate_history_components,
)
from training.synthetic.calibration.history_effects import history_effects
from training.synthetic.calibration.scorecard import fit_scorecard
from training.synthetic.calibration.source_data import RealData, rebalance_to_population
from training.synthetic.calibration.tables import (
    bureau,
    credit_cards,
    instalment_payments,
    previous_application,
)
from training.synthetic.calibration.tables.application import (
    Forms,
    compute_trait_scores,
    extract_category_orders,
    fit_marginals,
)
from training.synthetic.calibration.trait_correlations import (
    TraitBlock,
    build_trait_block,
    estimate_block_correlation,
)
from training.synthetic.calibration.trait_observations import TRAIT_OBSERVATIONS
from training.synthetic.calibration.variance_components import VarianceComponents
from training.synthetic.generator import IdAllocator, sample_histories
from training.synthetic.labels.application_risk import solve_intercept
from training.synthetic.labels.history_risk import summarise_histories
from training.synthetic.sampling.marginals import Floats
from training.synthetic.tables.clients import sample_clients

DESCRIPTION = (
    "Aggregates of the public Home Credit Default Risk tables, none of fewer than twenty clients, "
    "from which synthetic tables are drawn. Derived by python -m training.synthetic.calibration."
)
LOG_ODDS_SCALE = 1.2
"""Factor for the scorecard's log-odds, so that synthetic and real clients are equally predictable.

Curves fitted to 14,000 forms capture only part of the signal.
"""

MIN_CORRELATION = 0.025
"""Smaller correlations are stored as 0: with 8,500 clients they are within sampling error."""

TRIAL_CLIENTS = 60_000
"""Number of clients sampled to set the base rate."""


def derive_parameters(real_data: RealData) -> StoredAggregate:
    """Derive the whole content of `parameters.json`."""
    labelled = real_data.forms.train
    forms = Forms(labelled.drop("TARGET"), real_data.forms.test)
    form = _derive_form(forms, real_data)
    form_block = build_trait_block(
        tuple(TRAIT_OBSERVATIONS),
        compute_trait_scores(real_data.history_sample.clients, extract_category_orders(form)),
        fit_form_correlation(forms, form),
    )
    components = estimate_history_components(real_data.history_sample)
    difficulties = labelled["TARGET"].to_numpy().astype(float)
    stored = {
        "about": DESCRIPTION,
        "traits": _derive_traits(
            [form_block, *build_history_blocks(real_data.history_sample, components)]
        ),
        "form": form,
        "risk": {
            "gain": LOG_ODDS_SCALE,
            "base": 0.0,
            "experience": {},
            "scorecard": fit_scorecard(forms.train, difficulties, forms.test),
        },
        "bureau": _derive_bureau(real_data, components["bureau"]),
        "previous": _derive_previous(real_data, components["previous"]),
        "repayment": _derive_repayment(real_data),
        "cards": _derive_cards(real_data),
    }
    return stored | {"risk": _derive_risk(real_data, stored)}


def _derive_form(forms: Forms, real_data: RealData) -> StoredAggregate:
    form_marginals, test_marginals = fit_marginals(forms, *real_data.application_statistics)
    train_counts, test_counts = estimate_counts(real_data.history_sample)
    return {
        "marginals": form_marginals | train_counts,
        "shifted": test_marginals | test_counts,
    }


def _derive_traits(blocks: Sequence[TraitBlock]) -> StoredAggregate:
    return {
        "names": [name for block in blocks for name in block.names],
        "correlation": _to_lower_triangle(estimate_block_correlation(blocks)),
    }


def _derive_bureau(real_data: RealData, components: VarianceComponents) -> StoredAggregate:
    rows = bureau.add_derived_columns(real_data.history_sample.histories["bureau"])
    return {
        "rows": _derive_row_model(
            components, bureau.estimate_credit_marginals(rebalance_to_population(real_data, rows))
        ),
        **bureau.estimate_month_states(real_data.history_sample.histories["bureau_balance"], rows),
    }


def _derive_previous(real_data: RealData, components: VarianceComponents) -> StoredAggregate:
    rows = previous_application.add_derived_columns(
        real_data.history_sample.histories["previous_application"]
    )
    balance = real_data.history_sample.histories["POS_CASH_balance"]
    column_marginals = previous_application.estimate_application_marginals(
        rebalance_to_population(real_data, rows)
    )
    column_marginals |= previous_application.estimate_old_contracts(
        rows, balance, real_data.history_sample.clients.height
    )
    return _derive_row_model(components, column_marginals)


def _derive_row_model(
    components: VarianceComponents, stored_marginals: StoredAggregate
) -> StoredAggregate:
    shares = zip(components.names, components.between_client_share, strict=True)
    return {
        "shared": {name: round(float(share), 3) for name, share in shares},
        "correlation": _to_lower_triangle(components.within_correlation),
        "marginals": stored_marginals,
    }


def _derive_repayment(real_data: RealData) -> StoredAggregate:
    target = real_data.payment_sample.clients.select("SK_ID_CURR", "TARGET")
    return instalment_payments.estimate_repayment_parameters(
        real_data.payment_sample.histories["installments_payments"].join(target, on="SK_ID_CURR"),
        real_data.payment_sample.histories["previous_application"],
        real_data.history_sample.histories["POS_CASH_balance"],
        population_rate=real_data.application_statistics[0].get_mean("TARGET"),
        never_paid=round_significant(
            1 - real_data.payment_statistics.get_known_share("DAYS_ENTRY_PAYMENT"), 2
        ),
    )


def _derive_cards(real_data: RealData) -> StoredAggregate:
    card_parameters = credit_cards.estimate_card_parameters(
        real_data.history_sample.histories["credit_card_balance"],
        real_data.history_sample.histories["previous_application"],
        real_data.history_sample.clients.height,
    )
    payments_per_month = credit_cards.estimate_payments_per_month(
        real_data.payment_sample.histories["installments_payments"],
        real_data.payment_sample.histories["credit_card_balance"],
    )
    return card_parameters | {"payments": payments_per_month}


def _derive_risk(real_data: RealData, stored: StoredAggregate) -> StoredAggregate:
    """Estimate the history effects and the intercept that gives the population's rate."""
    rate = real_data.application_statistics[0].get_mean("TARGET")
    clients = real_data.history_sample.clients
    difficulties = clients["TARGET"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    form_log_odds = LOG_ODDS_SCALE * parameters.parse_scorecard(
        stored["risk"]["scorecard"]
    ).compute_log_odds(clients)
    intercept = solve_intercept(form_log_odds[np.isfinite(difficulties)], rate)
    summaries = summarise_histories(real_data.history_sample.histories, clients.height)
    risk = stored["risk"] | {
        "experience": history_effects(summaries, form_log_odds, intercept, difficulties)
    }
    trial_model = parameters.parse_population_model(stored | {"risk": risk})
    rng = np.random.default_rng(0)
    trial_clients = sample_clients(
        trial_model.traits, trial_model.form, np.zeros(TRIAL_CLIENTS, dtype=bool), rng
    )
    histories = sample_histories(
        trial_model, trial_clients, np.arange(TRIAL_CLIENTS), IdAllocator(), rng
    )
    log_odds = trial_model.risk.compute_log_odds(
        trial_clients.form, summarise_histories(histories, TRIAL_CLIENTS)
    )
    return {**risk, "base": round(solve_intercept(log_odds, rate), 3)}


def _to_lower_triangle(correlation: Floats) -> list[list[float]]:
    thresholded = np.where(np.abs(correlation) < MIN_CORRELATION, 0.0, correlation)
    return [[round_significant(round(v, 2)) for v in row[:i]] for i, row in enumerate(thresholded)]
