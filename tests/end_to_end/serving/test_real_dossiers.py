"""Real clients, if their rows are available: every way to request a risk gives the same."""

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

N_CLIENTS = 500
TABLE = "application_test"


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the tables of the first clients of the public test set."""
    source, target = real_data / "clients", tmp_path_factory.mktemp("real")
    forms = pl.read_parquet(source / f"{TABLE}.parquet").head(N_CLIENTS)
    forms.write_parquet(target / f"{TABLE}.parquet")
    for name in HISTORIES:
        if (path := source / f"{name}.parquet").exists():
            (target / path.name).symlink_to(path.resolve())
    return target


@pytest.fixture(scope="module")
def dossiers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    cache = tmp_path_factory.mktemp("dossiers")
    path = cache / "some.parquet"
    group_into_dossiers(read_tables(folder, application=TABLE, cache=cache), path)
    return [document.encode() for _, document in DossierFile(path).iter_documents()]


def test_single_requests_many_requests_and_the_batch_give_bit_identical_risks(
    home: Home, api: httpx.Client, folder: Path, dossiers: list[bytes], tmp_path: Path
) -> None:
    assert len(dossiers) == N_CLIENTS
    bodies = [b'{"dossier":' + dossier + b"}" for dossier in dossiers]
    single = [api.post("/predict", content=body).raise_for_status().json() for body in bodies]
    batch = api.post("/predict_many", content=b'{"requests":[' + b",".join(bodies) + b"]}").json()
    risks = {decision["client_id"]: decision["risk"] for decision in single}
    assert {decision["client_id"]: decision["risk"] for decision in batch} == risks
    out = tmp_path / "scored.parquet"
    home.run("batch", "--data", str(folder), "--out", str(out))
    scored = pl.read_parquet(out)
    assert dict(zip(scored["SK_ID_CURR"], scored["risk"], strict=True)) == risks
    assert len(set(risks.values())) > N_CLIENTS / 2


def test_the_order_of_history_rows_does_not_matter(
    api: httpx.Client, dossiers: list[bytes]
) -> None:
    original = [orjson.loads(dossier) for dossier in dossiers[:50]]
    reversed_ = [
        {name: part[::-1] if isinstance(part, list) else part for name, part in dossier.items()}
        for dossier in original
    ]
    answers = [
        api.post("/predict_many", json={"requests": [{"dossier": d} for d in group]}).json()
        for group in (original, reversed_)
    ]
    assert [d["risk"] for d in answers[0]] == [d["risk"] for d in answers[1]]
