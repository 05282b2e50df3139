"""Real clients, where their rows are at hand, asked of a real service: one risk by every way."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import polars as pl
import pytest

from credit.schema import HISTORIES
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.raw_tables.tables import read_tables
from tests.support.services import Home

CLIENTS = 500
TABLE = "application_test"


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the first five hundred clients of the public test set."""
    source, made = real_data / "clients", tmp_path_factory.mktemp("real")
    forms = pl.read_parquet(source / f"{TABLE}.parquet").head(CLIENTS)
    forms.write_parquet(made / f"{TABLE}.parquet")
    for name in HISTORIES:
        if (path := source / f"{name}.parquet").exists():
            (made / path.name).symlink_to(path.resolve())
    return made


@pytest.fixture(scope="module")
def dossiers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    made = tmp_path_factory.mktemp("dossiers")
    group_into_dossiers(read_tables(folder, application=TABLE, cache=made), made / "some.parquet")
    return [
        document.encode() for _, document in DossierFile(made / "some.parquet").iter_documents()
    ]


def test_predict_predict_many_and_the_batch_tell_the_same_risk_to_the_last_bit(
    home: Home, api: httpx.Client, folder: Path, dossiers: list[bytes], tmp_path: Path
) -> None:
    assert len(dossiers) == CLIENTS
    bodies = [b'{"dossier":' + one + b"}" for one in dossiers]
    singly = [api.post("/predict", content=body).raise_for_status().json() for body in bodies]
    many = api.post("/predict_many", content=b'{"requests":[' + b",".join(bodies) + b"]}").json()
    risks = {decision["client_id"]: decision["risk"] for decision in singly}
    assert {decision["client_id"]: decision["risk"] for decision in many} == risks
    out = tmp_path / "scored.parquet"
    home.run("batch", "--data", str(folder), "--out", str(out))
    scored = pl.read_parquet(out)
    assert dict(zip(scored["SK_ID_CURR"], scored["risk"], strict=True)) == risks
    assert len(set(risks.values())) > CLIENTS / 2


def test_shuffled_rows_of_every_history_change_nothing(
    api: httpx.Client, dossiers: list[bytes]
) -> None:
    whole = [orjson.loads(one) for one in dossiers[:50]]
    turned = [
        {name: part[::-1] if isinstance(part, list) else part for name, part in one.items()}
        for one in whole
    ]
    told = [
        api.post("/predict_many", json={"requests": [{"dossier": one} for one in some]}).json()
        for some in (whole, turned)
    ]
    assert [one["risk"] for one in told[0]] == [one["risk"] for one in told[1]]
