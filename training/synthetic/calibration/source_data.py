"""The real rows that calibration reads, and where they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from credit.errors import CreditError
from credit.schema import HISTORIES
from training.synthetic.calibration.application import Forms
from training.synthetic.calibration.published_statistics import Population, read_population
from training.synthetic.labels.history_risk import OWNER

CLIENT = "SK_ID_CURR"


class RealDataMissing(CreditError):
    """The folder of real rows is not where it was looked for."""

    code = "real-data-missing"


@dataclass(frozen=True, kw_only=True)
class Known:
    """Clients with their histories, real or drawn."""

    clients: pl.DataFrame
    """Their forms; TARGET is null for the later ones."""
    histories: Mapping[str, pl.DataFrame]
    """The tables there are, each row with its client's position as `owner`."""


@dataclass(frozen=True, kw_only=True)
class RealData:
    """What the folder holds."""

    forms: Forms
    """All application forms, the earlier with TARGET."""
    known: Known
    """The clients all of whose history is known but payments."""
    repaying: Known
    """The clients whose payments are known."""
    applicants: tuple[Population, Population]
    """The full tables of earlier and of later applicants."""
    payments: Population
    """The full table of payments."""


def real_folder(given: Path | None) -> Path:
    """The folder given, else what CREDIT_REAL_DATA names, else the one beside the repository."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "homecredit"
    folder = given or Path(os.environ.get("CREDIT_REAL_DATA", beside))
    if not (folder / "applications").is_dir():
        raise RealDataMissing(
            f"no real rows in {folder}: give their folder by --real or CREDIT_REAL_DATA"
        )
    return folder


def read_real(folder: Path) -> RealData:
    earlier = _read(folder / "applications" / "application_train.parquet")
    later = _read(folder / "applications" / "application_test.parquet")
    clients = pl.concat(
        [
            _read(folder / "clients" / "application_train.parquet"),
            _read(folder / "clients" / "application_test.parquet"),
        ],
        how="diagonal_relaxed",
    )
    return RealData(
        forms=Forms(earlier, later.cast({name: earlier.schema[name] for name in later.columns})),
        known=known(clients, _tables(folder / "clients", "parquet")),
        repaying=_repaying(folder / "repayments"),
        applicants=(_population(folder, "app_train"), _population(folder, "app_test")),
        payments=_population(folder, "data_install_paym"),
    )


def known(clients: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> Known:
    """Put each row's client, by position, beside the row."""
    owners = clients.select(CLIENT).with_row_index(OWNER).cast({OWNER: pl.Int64})
    histories = {
        name: table.join(owners, on=CLIENT, maintain_order="left")
        for name, table in tables.items()
        if CLIENT in table.columns
    }
    if "bureau_balance" in tables:
        credit_owners = histories["bureau"].select("SK_ID_BUREAU", OWNER)
        months = tables["bureau_balance"].join(
            credit_owners, on="SK_ID_BUREAU", maintain_order="left"
        )
        histories["bureau_balance"] = months
    return Known(clients=clients, histories=histories)


def as_in_population(real: RealData, rows: pl.DataFrame) -> pl.DataFrame:
    """The history rows of earlier and later clients in the population's proportion.

    The folder holds more of the later ones, who have longer histories.
    """
    of_earlier, of_later = (described.rows for described in real.applicants)
    earlier = real.known.clients["TARGET"].is_not_null()
    few = round(int(earlier.sum()) * of_later / of_earlier)
    chosen = earlier | ((~earlier).cum_sum() <= few)
    return rows.filter(pl.col(OWNER).is_in(chosen.arg_true().implode()))


def _population(folder: Path, table: str) -> Population:
    return read_population(folder / "population" / f"fullpop_describe_{table}.csv")


def _repaying(folder: Path) -> Known:
    clients = _read(folder / "application_train.csv")
    return known(clients, _tables(folder, "csv"))


def _tables(folder: Path, suffix: str) -> dict[str, pl.DataFrame]:
    paths = {name: folder / f"{name}.{suffix}" for name in HISTORIES}
    return {name: _read(path) for name, path in paths.items() if path.exists()}


def _read(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema_length=None)
    table = pl.read_parquet(path)
    return table.with_columns(pl.col(pl.Categorical).cast(pl.String))
