"""Many made-up clients at once, drawn from a seed: for training, batches and oracles.

Values are spread over what is usual, not over all that the schema admits; `tests/support/strategies.py`
goes to the edges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.schema import APPLICATION, HISTORIES, Column, ColumnKind, Table
from tests.support.example_dossiers import Dossier

WORDS = {
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
"""Words that features tell apart; other categories get letters."""

USUAL: Mapping[str, tuple[float, float]] = {
    "currency": (0, 500_000),
    "days": (-1_500, 60),
    "months": (-30, 0),
    "count": (0, 24),
}
"""Where the values of a unit lie; others take the schema's range."""

EDGES = (-730, -731, -365, -366, -182, -183, -90, -91, -30, -31, 0)
"""Days on which windows begin, and the days before."""

PAID_AFTER = (-9, 0, 0, 1, 30, 31)
"""Days from when an instalment is due to when it is paid."""

INSTALMENT = (
    "SK_ID_PREV", "NUM_INSTALMENT_NUMBER", "NUM_INSTALMENT_VERSION", "DAYS_INSTALMENT",
    "AMT_INSTALMENT",
)  # fmt: skip
"""What the payments of one instalment share."""

PAID_AGAIN = 3
"""Every third row is a second payment of the instalment two rows before, if that is known."""

MEAN_ROWS = 7
UNKNOWN, AT_EDGES, OF_NEVER, NO_ROWS = 0.1, 0.1, 0.2, 0.15
"""Shares of unknown cells, of days at edges, of days that never came, of clients without rows."""

FLOOR, SLOPE = -2.5, -8.0
"""Log-odds of difficulties of a client whose external scores are middling, and by their mean."""


def make_random_dossiers(count: int, seed: int, *, complete: bool = False) -> list[Dossier]:
    """Dossiers of `count` clients, ids from 1 on, keys unique over all of them.

    Args:
        complete: Whether every history is known of everyone, as in a folder with all files.
    """
    rng = np.random.default_rng(seed)
    people: list[Dossier] = [{"application": form} for form in _rows(APPLICATION, count, rng)]
    for number, person in enumerate(people, start=1):
        person["application"]["SK_ID_CURR"] = number
    for table in HISTORIES.values():
        _give(people, table, rng)
        for person in people if not complete else ():
            if rng.random() < UNKNOWN:
                person[table.name] = None
    return people


def draw_labels(dossiers: list[Dossier], seed: int) -> NDArray[np.int8]:
    """Who has payment difficulties: the more the lower their known external scores."""
    rng = np.random.default_rng(seed)
    scores = [
        [person["application"][f"EXT_SOURCE_{number}"] or 0.5 for number in (1, 2, 3)]
        for person in dossiers
    ]
    log_odds = FLOOR + SLOPE * (np.mean(scores, axis=1) - 0.5)
    late: NDArray[np.int8] = (rng.random(len(dossiers)) < 1 / (1 + np.exp(-log_odds))).astype(
        np.int8
    )
    return late


def _give(people: list[Dossier], table: Table, rng: np.random.Generator) -> None:
    """Give everyone rows of a history; months and keys are not used twice."""
    sizes = rng.poisson(MEAN_ROWS, len(people)) * (rng.random(len(people)) >= NO_ROWS)
    rows = _rows(table, int(sizes.sum()), rng)
    serial = 0
    for person, size in zip(people, sizes, strict=True):
        mine = [next(rows) for _ in range(size)]
        parents = [credit["SK_ID_BUREAU"] for credit in person.get("bureau") or ()]
        for place, row in enumerate(mine):
            serial += 1
            row.update(_keys(table, person, serial, place))
            if table.name == "bureau_balance" and parents:
                row["SK_ID_BUREAU"] = parents[place % len(parents)]
            delay = PAID_AFTER[serial % len(PAID_AFTER)]
            if table.name == "installments_payments" and place % PAID_AGAIN == PAID_AGAIN - 1:
                told = {name: mine[place - 2][name] for name in INSTALMENT}
                if None not in told.values():
                    row.update(told)
                if serial % 2:  # as late as the payment before
                    delay = PAID_AFTER[(serial - 2) % len(PAID_AFTER)]
            if (due := row.get("DAYS_INSTALMENT")) and row["DAYS_ENTRY_PAYMENT"] is not None:
                row["DAYS_ENTRY_PAYMENT"] = min(due + delay, 0)
        person[table.name] = mine


def _keys(table: Table, person: Dossier, serial: int, place: int) -> dict[str, Any]:
    keys = {
        "SK_ID_CURR": person["application"]["SK_ID_CURR"],
        "SK_ID_BUREAU": serial if table.name == "bureau" else 9_000_000 + serial,
        # Two loans a client, so that their months interleave.
        "SK_ID_PREV": serial
        if table.name == "previous_application"
        else person["application"]["SK_ID_CURR"] * 10 + place % 2,
        "MONTHS_BALANCE": -(place // 2) * 7 - person["application"]["SK_ID_CURR"] % 3,
        "NUM_INSTALMENT_NUMBER": place,
    }
    if table.name == "bureau_balance":
        keys["MONTHS_BALANCE"] = -4 * place
    return {name: key for name, key in keys.items() if name in table.columns}


def _rows(table: Table, count: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    columns = [_cells(column, count, rng) for column in table.columns.values()]
    return (dict(zip(table.columns, cells, strict=True)) for cells in zip(*columns, strict=True))


def _cells(column: Column, count: int, rng: np.random.Generator) -> list[Any]:
    if column.kind is ColumnKind.YES_NO:
        cells: NDArray[Any] = rng.choice(["Y", "N"], count).astype(object)
    elif column.kind is ColumnKind.CATEGORY:
        words = WORDS.get(column.name, ("a", "b", "c"))
        cells = rng.choice(words, count).astype(object)
    else:
        cells = _numbers(column, count, rng)
    if not column.required:
        cells[rng.random(count) < UNKNOWN] = None
    return list(cells)


def _numbers(column: Column, count: int, rng: np.random.Generator) -> NDArray[Any]:
    least, most = column.low or 0.0, column.high or 0.0
    low, high = USUAL.get(column.unit, (least, most))
    low, high = max(low, least), min(high, most) + column.is_whole_number
    drawn = rng.uniform(low, high, count)
    # Two decimals, and some zeros: what denominators and comparisons stumble on.
    drawn = np.floor(drawn) if column.is_whole_number else np.round(drawn, 4 if most <= 1 else 2)
    drawn[rng.random(count) < UNKNOWN] = min(max(0.0, least), most)
    if column.unit == "days":
        edges = np.clip(rng.choice(EDGES, count), least, most)
        drawn = np.where(rng.random(count) < AT_EDGES, edges, drawn)
    for sentinel in column.sentinels:
        drawn[rng.random(count) < OF_NEVER] = float(sentinel)
    cells = drawn.astype(object)
    return (
        np.array([int(cell) for cell in cells], dtype=object) if column.is_whole_number else cells
    )
