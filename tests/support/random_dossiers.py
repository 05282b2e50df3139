"""Random clients from a seed, for tests that need many.

Values lie in usual ranges, not in all that the schema allows; `tests/support/strategies.py` covers
the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.schema import APPLICATION, HISTORIES, NEVER_DAYS, Column, ColumnKind, Table
from tests.support.example_dossiers import Dossier

CATEGORIES = {
    "CREDIT_ACTIVE": ("Active", "Active", "Closed", "Closed", "Sold"),
    "CREDIT_TYPE": ("Consumer credit", "Credit card", "Microloan", "Mortgage", "Car loan"),
    "STATUS": ("0", "C", "X", "1", "2", "5"),
    "NAME_CONTRACT_STATUS": ("Approved", "Refused", "Canceled", "Active", "Completed"),
    "CODE_REJECT_REASON": ("XAP", "HC", "SCO", "LIMIT", "XNA"),
    "NAME_CLIENT_TYPE": ("New", "Repeater", "Refreshed", "XNA"),
    "NAME_PRODUCT_TYPE": ("walk-in", "x-sell", "XNA"),
    "NAME_YIELD_GROUP": ("high", "middle", "low_normal", "XNA"),
    "NAME_CONTRACT_TYPE": ("Cash loans", "Revolving loans", "Consumer loans"),
    "CODE_GENDER": ("F", "M", "XNA"),
    "NAME_FAMILY_STATUS": ("Married", "Widow", "Unknown"),
}
"""Categories that features distinguish; other columns get letters."""

USUAL_RANGES: Mapping[str, tuple[float, float]] = {
    "currency": (0, 500_000),
    "days": (-1_500, 60),
    "months": (-30, 0),
    "count": (0, 24),
}
"""Usual range of values by unit; other units take the range of the schema."""

WINDOW_EDGES = (-730, -731, -365, -366, -182, -183, -90, -91, -30, -31, 0)
"""First days of windows, and the days before."""

PAYMENT_DELAYS = (-9, 0, 0, 1, 30, 31)
"""Days from when an instalment is due to when it is paid."""

INSTALMENT_COLUMNS = (
    "SK_ID_PREV", "NUM_INSTALMENT_NUMBER", "NUM_INSTALMENT_VERSION", "DAYS_INSTALMENT",
    "AMT_INSTALMENT",
)  # fmt: skip
"""Columns in which the payments of one instalment agree."""

SECOND_PAYMENT_INTERVAL = 3
"""Every third row is a second payment of the instalment two rows before, if its key is known."""

MEAN_ROWS = 7
P_UNKNOWN, P_EDGE, P_SENTINEL, P_NO_ROWS = 0.1, 0.1, 0.2, 0.15
"""Probabilities of an unknown value, a day at an edge, a sentinel and a client without rows."""

P_GAP = 0.002
"""Probability of an unknown or a zero value in a form that is nearly complete."""

LOG_ODDS_AT_MEAN, LOG_ODDS_SLOPE = -2.5, -8.0
"""Log-odds of difficulties at a mean external score of 0.5, and their change per unit of score."""


def make_random_dossiers(count: int, seed: int, *, complete: bool = False) -> list[Dossier]:
    """Return dossiers of `count` clients with ids from 1 and unique keys.

    Args:
        complete: Every client has every history and nearly every field of the form.
    """
    rng = np.random.default_rng(seed)
    dossiers: list[Dossier] = [
        {"application": form}
        for form in _draw_rows(APPLICATION, count, rng, P_GAP if complete else P_UNKNOWN)
    ]
    for number, dossier in enumerate(dossiers, start=1):
        dossier["application"]["SK_ID_CURR"] = number
    for table in HISTORIES.values():
        _add_history(dossiers, table, rng)
        for dossier in dossiers if not complete else ():
            if rng.random() < P_UNKNOWN:
                dossier[table.name] = None
    return dossiers


def draw_labels(dossiers: list[Dossier], seed: int) -> NDArray[np.int8]:
    """Draw labels; low external scores make payment difficulties (1) more likely."""
    rng = np.random.default_rng(seed)
    scores = [
        [dossier["application"][f"EXT_SOURCE_{number}"] or 0.5 for number in (1, 2, 3)]
        for dossier in dossiers
    ]
    log_odds = LOG_ODDS_AT_MEAN + LOG_ODDS_SLOPE * (np.mean(scores, axis=1) - 0.5)
    labels: NDArray[np.int8] = (rng.random(len(dossiers)) < 1 / (1 + np.exp(-log_odds))).astype(
        np.int8
    )
    return labels


def _add_history(dossiers: list[Dossier], table: Table, rng: np.random.Generator) -> None:
    """Add rows of a history to every dossier, with unique months and keys."""
    sizes = rng.poisson(MEAN_ROWS, len(dossiers)) * (rng.random(len(dossiers)) >= P_NO_ROWS)
    rows = _draw_rows(table, int(sizes.sum()), rng)
    serial = 0
    for dossier, size in zip(dossiers, sizes, strict=True):
        client_rows = [next(rows) for _ in range(size)]
        parents = [credit["SK_ID_BUREAU"] for credit in dossier.get("bureau") or ()]
        for index, row in enumerate(client_rows):
            serial += 1
            row.update(_make_keys(table, dossier, serial, index))
            if table.name == "bureau_balance" and parents:
                row["SK_ID_BUREAU"] = parents[index % len(parents)]
            delay = PAYMENT_DELAYS[serial % len(PAYMENT_DELAYS)]
            if (
                table.name == "installments_payments"
                and index % SECOND_PAYMENT_INTERVAL == SECOND_PAYMENT_INTERVAL - 1
            ):
                instalment = {name: client_rows[index - 2][name] for name in INSTALMENT_COLUMNS}
                if None not in instalment.values():
                    row.update(instalment)
                if serial % 2:  # as late as the payment before
                    delay = PAYMENT_DELAYS[(serial - 2) % len(PAYMENT_DELAYS)]
            if (due := row.get("DAYS_INSTALMENT")) and row["DAYS_ENTRY_PAYMENT"] is not None:
                row["DAYS_ENTRY_PAYMENT"] = min(due + delay, 0)
        dossier[table.name] = client_rows


def _make_keys(table: Table, dossier: Dossier, serial: int, index: int) -> dict[str, Any]:
    keys = {
        "SK_ID_CURR": dossier["application"]["SK_ID_CURR"],
        "SK_ID_BUREAU": serial if table.name == "bureau" else 9_000_000 + serial,
        # Two loans per client, so that their months interleave.
        "SK_ID_PREV": serial
        if table.name == "previous_application"
        else dossier["application"]["SK_ID_CURR"] * 10 + index % 2,
        "MONTHS_BALANCE": -(index // 2) * 7 - dossier["application"]["SK_ID_CURR"] % 3,
        "NUM_INSTALMENT_NUMBER": index,
    }
    if table.name == "bureau_balance":
        keys["MONTHS_BALANCE"] = -4 * index
    return {name: key for name, key in keys.items() if name in table.columns}


def _draw_rows(
    table: Table, count: int, rng: np.random.Generator, p_unknown: float = P_UNKNOWN
) -> Iterator[dict[str, Any]]:
    columns = [_draw_column(column, count, rng, p_unknown) for column in table.columns.values()]
    return (dict(zip(table.columns, values, strict=True)) for values in zip(*columns, strict=True))


def _draw_column(
    column: Column, count: int, rng: np.random.Generator, p_unknown: float
) -> list[Any]:
    if column.kind is ColumnKind.YES_NO:
        values: NDArray[Any] = rng.choice(["Y", "N"], count).astype(object)
    elif column.kind is ColumnKind.CATEGORY:
        categories = CATEGORIES.get(column.name, ("a", "b", "c"))
        values = rng.choice(categories, count).astype(object)
    else:
        values = _draw_numbers(column, count, rng, p_unknown)
    if not column.required:
        values[rng.random(count) < p_unknown] = None
    return list(values)


def _draw_numbers(
    column: Column, count: int, rng: np.random.Generator, p_unknown: float
) -> NDArray[Any]:
    minimum, maximum = column.low or 0.0, column.high or 0.0
    low, high = USUAL_RANGES.get(column.unit, (minimum, maximum))
    low, high = max(low, minimum), min(high, maximum) + column.is_whole_number
    numbers = rng.uniform(low, high, count)
    # Two decimals and some zeros, which test denominators and comparisons.
    numbers = (
        np.floor(numbers)
        if column.is_whole_number
        else np.round(numbers, 4 if maximum <= 1 else 2)
    )
    numbers[rng.random(count) < p_unknown] = min(max(0.0, minimum), maximum)
    if column.unit == "days":
        edges = np.clip(rng.choice(WINDOW_EDGES, count), minimum, maximum)
        numbers = np.where(rng.random(count) < P_EDGE, edges, numbers)
    for sentinel in column.sentinels:
        p_sentinel = P_SENTINEL if sentinel == NEVER_DAYS else min(P_SENTINEL, 2 * p_unknown)
        numbers[rng.random(count) < p_sentinel] = float(sentinel)
    values = numbers.astype(object)
    return (
        np.array([int(value) for value in values], dtype=object)
        if column.is_whole_number
        else values
    )
