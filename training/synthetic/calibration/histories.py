"""What whole histories show of each client: how many rows, how late paid, how cards are used."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from training.synthetic.calibration import bureau, previous_application
from training.synthetic.calibration.credit_cards import by_card
from training.synthetic.calibration.estimators import Stored
from training.synthetic.calibration.grouped_marginals import scores, words
from training.synthetic.calibration.instalment_payments import late_share
from training.synthetic.calibration.source_data import Known
from training.synthetic.calibration.trait_correlations import Block, of_clients, of_rows
from training.synthetic.calibration.variance_components import Levels
from training.synthetic.labels.history_risk import OWNER
from training.synthetic.tables.previous_application import FIRST

COUNTS = {"bureau": "bureau: count", "previous_application": "previous: count"}
"""The traits that say how many rows a client has."""


def counts(known: Known) -> tuple[Stored, Stored]:
    """Rows a client, and whose months the bureau reports, of earlier and of later applicants."""
    shown = {name: row_counts(known, table) for table, name in COUNTS.items()}
    shown["covered by bureau"] = _covered(known)
    earlier, later = (
        {name: words("value")(part.filter(when)) for name, part in shown.items()}
        for when in (pl.col("TARGET").is_not_null(), pl.col("TARGET").is_null())
    )
    return earlier, later


def history_levels(known: Known) -> dict[str, Levels]:
    """How the rows of one client are alike, table by table."""
    size = known.clients.height
    return {
        "bureau": bureau.credit_levels(bureau.with_steps(known.histories["bureau"]), size),
        "previous": previous_application.application_levels(
            previous_application.with_steps(known.histories["previous_application"]), size
        ),
    }


def history_blocks(known: Known, found: Mapping[str, Levels] | None = None) -> list[Block]:
    """All traits that histories show of these clients."""
    of_tables = history_levels(known) if found is None else found
    return [*(of_rows(table, level) for table, level in of_tables.items()), habits(known)]


def habits(known: Known) -> Block:
    """Traits that each client shows once."""
    held = by_card(known.histories["credit_card_balance"])
    shown = {name: row_counts(known, table) for table, name in COUNTS.items()}
    shown |= {
        FIRST: previous_application.first_decisions(
            previous_application.with_steps(known.histories["previous_application"])
        ),
        "payments: delay": late_share(known.histories["POS_CASH_balance"]),
        "cards: use": _means(held, pl.col("level").fill_null(0)),
        "cards: drawing": _means(held.filter("used"), pl.col("drawing")),
    }
    clients = pl.DataFrame({OWNER: np.arange(known.clients.height)})
    columns = [
        scores(clients.join(values, on=OWNER, how="left", maintain_order="left"), "value")
        for values in shown.values()
    ]
    return of_clients(tuple(shown), np.column_stack(columns))


def row_counts(known: Known, table: str) -> pl.DataFrame:
    """By client, how many rows of the table are the client's; none is 0."""
    rows = known.histories[table].group_by(OWNER).agg(value=pl.len().cast(pl.Float64))
    counted = _clients(known).join(rows, on=OWNER, how="left", maintain_order="left")
    return counted.with_columns(pl.col("value").fill_null(0))


def _covered(known: Known) -> pl.DataFrame:
    """By client with credits at the bureau, whether any credit's months are reported."""
    reported = known.histories["bureau_balance"]["SK_ID_BUREAU"].unique().implode()
    is_reported = pl.col("SK_ID_BUREAU").is_in(reported).any().cast(pl.Int8)
    covered = known.histories["bureau"].group_by(OWNER, maintain_order=True).agg(value=is_reported)
    return covered.join(_clients(known), on=OWNER)


def _clients(known: Known) -> pl.DataFrame:
    return known.clients.select("TARGET").with_row_index(OWNER).cast({OWNER: pl.Int64})


def _means(rows: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    return rows.group_by(OWNER, maintain_order=True).agg(value=value.mean())
