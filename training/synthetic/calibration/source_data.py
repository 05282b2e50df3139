"""Locate and read the real rows for calibration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from credit.errors import CreditError
from credit.schema import HISTORIES
from training.synthetic.calibration.published_statistics import (
    PublishedStatistics,
    read_published_statistics,
)
from training.synthetic.calibration.tables.application import Forms
from training.synthetic.labels.history_risk import OWNER

CLIENT_ID = "SK_ID_CURR"


class RealDataMissing(CreditError):
    """The folder of real rows does not exist."""

    code = "real-data-missing"


@dataclass(frozen=True, kw_only=True)
class ClientSample:
    """Clients with their histories, real or synthetic."""

    clients: pl.DataFrame
    """Application forms; TARGET is null for clients of `application_test`."""
    histories: Mapping[str, pl.DataFrame]
    """The available tables; `owner` is the position of each row's client."""


@dataclass(frozen=True, kw_only=True)
class RealData:
    """Content of the folder of real rows."""

    forms: Forms
    """All application forms; those of `application_train` with TARGET."""
    history_sample: ClientSample
    """Clients with all history tables except payments."""
    payment_sample: ClientSample
    """Clients with known payments."""
    application_statistics: tuple[PublishedStatistics, PublishedStatistics]
    """Statistics of the full `application_train` and `application_test`."""
    payment_statistics: PublishedStatistics
    """Statistics of the full table of payments."""


def resolve_real_data_folder(requested: Path | None) -> Path:
    """Return the requested folder, else CREDIT_REAL_DATA, else `../shared/homecredit`.

    Raises:
        RealDataMissing: if that folder has no applications.
    """
    default_folder = Path(__file__).resolve().parents[4] / "shared" / "homecredit"
    folder = requested or Path(os.environ.get("CREDIT_REAL_DATA", default_folder))
    if not (folder / "applications").is_dir():
        raise RealDataMissing(
            f"no real rows in {folder}; set the folder with --real or CREDIT_REAL_DATA"
        )
    return folder


def read_real_data(folder: Path) -> RealData:
    train = _read_table(folder / "applications" / "application_train.parquet")
    test = _read_table(folder / "applications" / "application_test.parquet")
    clients = pl.concat(
        [
            _read_table(folder / "clients" / "application_train.parquet"),
            _read_table(folder / "clients" / "application_test.parquet"),
        ],
        how="diagonal_relaxed",
    )
    return RealData(
        forms=Forms(train, test.cast({name: train.schema[name] for name in test.columns})),
        history_sample=link_histories(clients, _read_tables(folder / "clients", "parquet")),
        payment_sample=_read_payment_sample(folder / "repayments"),
        application_statistics=(
            _read_statistics(folder, "app_train"),
            _read_statistics(folder, "app_test"),
        ),
        payment_statistics=_read_statistics(folder, "data_install_paym"),
    )


def link_histories(clients: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> ClientSample:
    """Add the position of each row's client as `owner`."""
    owners = clients.select(CLIENT_ID).with_row_index(OWNER).cast({OWNER: pl.Int64})
    histories = {
        name: table.join(owners, on=CLIENT_ID, maintain_order="left")
        for name, table in tables.items()
        if CLIENT_ID in table.columns
    }
    if "bureau_balance" in tables:
        credit_owners = histories["bureau"].select("SK_ID_BUREAU", OWNER)
        months = tables["bureau_balance"].join(
            credit_owners, on="SK_ID_BUREAU", maintain_order="left"
        )
        histories["bureau_balance"] = months
    return ClientSample(clients=clients, histories=histories)


def rebalance_to_population(real_data: RealData, rows: pl.DataFrame) -> pl.DataFrame:
    """Resample history rows to the population's proportion of train and test clients.

    The folder has too many test clients, and these have longer histories.
    """
    n_train, n_test = (statistics.rows for statistics in real_data.application_statistics)
    is_train = real_data.history_sample.clients["TARGET"].is_not_null()
    max_test_clients = round(int(is_train.sum()) * n_test / n_train)
    is_selected = is_train | ((~is_train).cum_sum() <= max_test_clients)
    return rows.filter(pl.col(OWNER).is_in(is_selected.arg_true().implode()))


def _read_statistics(folder: Path, table: str) -> PublishedStatistics:
    return read_published_statistics(folder / "population" / f"fullpop_describe_{table}.csv")


def _read_payment_sample(folder: Path) -> ClientSample:
    clients = _read_table(folder / "application_train.csv")
    return link_histories(clients, _read_tables(folder, "csv"))


def _read_tables(folder: Path, suffix: str) -> dict[str, pl.DataFrame]:
    paths = {name: folder / f"{name}.{suffix}" for name in HISTORIES}
    return {name: _read_table(path) for name, path in paths.items() if path.exists()}


def _read_table(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema_length=None)
    table = pl.read_parquet(path)
    return table.with_columns(pl.col(pl.Categorical).cast(pl.String))
