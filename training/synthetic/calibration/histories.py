"""Estimate what whole histories show of each client: row counts, lateness and card use."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from training.synthetic.calibration.estimators import StoredAggregate
from training.synthetic.calibration.grouped_marginals import (
    compute_group_scores,
    estimate_categories,
)
from training.synthetic.calibration.source_data import ClientSample
from training.synthetic.calibration.tables import bureau, previous_application
from training.synthetic.calibration.tables.credit_cards import summarise_cards
from training.synthetic.calibration.tables.instalment_payments import compute_late_share
from training.synthetic.calibration.trait_correlations import (
    TraitBlock,
    build_row_trait_block,
    build_trait_block,
)
from training.synthetic.calibration.variance_components import VarianceComponents
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.tables.credit_cards import DRAWING_TRAIT, USE_TRAIT
from training.synthetic.tables.instalment_payments import PAYMENT_DELAY_TRAIT
from training.synthetic.tables.previous_application import TENURE_TRAIT

COUNT_TRAITS = {"bureau": "bureau: count", "previous_application": "previous: count"}
"""Traits that set the number of a client's rows."""


def estimate_counts(sample: ClientSample) -> tuple[StoredAggregate, StoredAggregate]:
    """Estimate rows per client, and the bureau's coverage, for train and test clients."""
    client_values = {name: count_rows(sample, table) for table, name in COUNT_TRAITS.items()}
    client_values["covered by bureau"] = _find_covered_clients(sample)
    train, test = (
        {
            name: estimate_categories("value")(frame.filter(condition))
            for name, frame in client_values.items()
        }
        for condition in (pl.col("TARGET").is_not_null(), pl.col("TARGET").is_null())
    )
    return train, test


def estimate_history_components(sample: ClientSample) -> dict[str, VarianceComponents]:
    """Estimate how similar the rows of one client are, by table."""
    n_clients = sample.clients.height
    return {
        "bureau": bureau.estimate_credit_components(
            bureau.add_derived_columns(sample.histories["bureau"]), n_clients
        ),
        "previous": previous_application.estimate_application_components(
            previous_application.add_derived_columns(sample.histories["previous_application"]),
            n_clients,
        ),
    }


def build_history_blocks(
    sample: ClientSample, components: Mapping[str, VarianceComponents] | None = None
) -> list[TraitBlock]:
    """Build the trait blocks that are observed in histories."""
    components_by_table = estimate_history_components(sample) if components is None else components
    return [
        *(
            build_row_trait_block(table, table_components)
            for table, table_components in components_by_table.items()
        ),
        build_client_trait_block(sample),
    ]


def build_client_trait_block(sample: ClientSample) -> TraitBlock:
    """Build the block of traits that are observed once per client."""
    card_summaries = summarise_cards(sample.histories["credit_card_balance"])
    client_values = {name: count_rows(sample, table) for table, name in COUNT_TRAITS.items()}
    client_values |= {
        TENURE_TRAIT: previous_application.compute_first_decision_scores(
            previous_application.add_derived_columns(sample.histories["previous_application"])
        ),
        PAYMENT_DELAY_TRAIT: compute_late_share(sample.histories["POS_CASH_balance"]),
        USE_TRAIT: _mean_by_client(card_summaries, pl.col("level").fill_null(0)),
        DRAWING_TRAIT: _mean_by_client(card_summaries.filter("used"), pl.col("drawing")),
    }
    clients = pl.DataFrame({OWNER: np.arange(sample.clients.height)})
    columns = [
        compute_group_scores(
            clients.join(values, on=OWNER, how="left", maintain_order="left"), "value"
        )
        for values in client_values.values()
    ]
    return build_trait_block(tuple(client_values), np.column_stack(columns))


def count_rows(sample: ClientSample, table: str) -> pl.DataFrame:
    """Count each client's rows of a table; 0 without any."""
    rows = sample.histories[table].group_by(OWNER).agg(value=pl.len().cast(pl.Float64))
    client_counts = _index_clients(sample).join(rows, on=OWNER, how="left", maintain_order="left")
    return client_counts.with_columns(pl.col("value").fill_null(0))


def _find_covered_clients(sample: ClientSample) -> pl.DataFrame:
    """Return by client with bureau credits if any credit has monthly reports."""
    reported_ids = sample.histories["bureau_balance"]["SK_ID_BUREAU"].unique().implode()
    is_reported = pl.col("SK_ID_BUREAU").is_in(reported_ids).any().cast(pl.Int8)
    covered = (
        sample.histories["bureau"].group_by(OWNER, maintain_order=True).agg(value=is_reported)
    )
    return covered.join(_index_clients(sample), on=OWNER)


def _index_clients(sample: ClientSample) -> pl.DataFrame:
    return sample.clients.select("TARGET").with_row_index(OWNER).cast({OWNER: pl.Int64})


def _mean_by_client(rows: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    return rows.group_by(OWNER, maintain_order=True).agg(value=value.mean())
