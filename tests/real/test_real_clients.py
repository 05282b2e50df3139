"""Real clients, where their rows are at hand: every way to score them gives the same risk."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from credit.contract.request import ScoringRequest, parse_request, parse_requests
from credit.dossier import DossierBatch
from credit.features import COLUMNS, build
from credit.schema import HISTORIES
from credit.scorer import Scorer
from credit.underwriting import score_dossiers
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.raw_tables.tables import read_tables
from tests.support.bit_equality import is_bit_identical
from tests.support.example_dossiers import Dossier

CLIENTS = 500
TEST = "application_test"


@pytest.fixture(scope="module")
def file(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> DossierFile:
    """The first five hundred clients of the public test set, with all that is known of them."""
    source, folder = real_data / "clients", tmp_path_factory.mktemp("real")
    forms = pl.read_parquet(source / f"{TEST}.parquet").head(CLIENTS)
    forms.write_parquet(folder / f"{TEST}.parquet")
    for name in HISTORIES:
        if (path := source / f"{name}.parquet").exists():
            (folder / path.name).symlink_to(path.resolve())
    tables = read_tables(folder, application=TEST, cache=folder / "cache")
    grouping = group_into_dossiers(tables, folder / "some.parquet")
    assert grouping.client_count == CLIENTS
    return DossierFile(folder / "some.parquet")


@pytest.fixture(scope="module")
def documents(file: DossierFile) -> list[Dossier]:
    return [orjson.loads(document) for _, document in file.iter_documents()]


@pytest.fixture(scope="module")
def risks(documents: list[Dossier], scorer: Scorer) -> list[float]:
    told: list[float] = scorer.predict_risk(scorer.build_features(documents)).tolist()
    return told


def test_real_clients_have_real_histories(documents: list[Dossier]) -> None:
    known = {name for document in documents for name in HISTORIES if document.get(name)}
    assert known >= {"bureau", "bureau_balance", "previous_application", "POS_CASH_balance"}
    assert all("installments_payments" not in document for document in documents)


def test_documents_singly_in_batches_and_by_file_have_the_same_risk(
    file: DossierFile, documents: list[Dossier], risks: list[float], scorer: Scorer
) -> None:
    assert [score_dossiers(scorer, [document])[0].risk for document in documents] == risks
    by_file = [
        scorer.predict_risk(build(part, scorer.categories))
        for part in file.iter_batches(COLUMNS, 64)
    ]
    assert np.concatenate(by_file).tolist() == risks
    assert len(set(risks)) > CLIENTS / 4  # else it is no feat to be the same


def test_files_and_documents_make_the_same_features_to_the_last_bit(
    file: DossierFile, documents: list[Dossier], scorer: Scorer
) -> None:
    by_file = np.concatenate(
        [build(part, scorer.categories) for part in file.iter_batches(COLUMNS)]
    )
    assert is_bit_identical(
        by_file, build(DossierBatch.from_documents(documents, COLUMNS), scorer.categories)
    )


def test_shuffling_rows_changes_nothing(documents: list[Dossier], scorer: Scorer) -> None:
    order = random.Random(1)  # noqa: S311 -- a shuffle keeps no secret
    shuffled = [
        {
            name: order.sample(rows, len(rows)) if isinstance(rows, list) else rows
            for name, rows in document.items()
        }
        for document in documents
    ]
    assert is_bit_identical(scorer.build_features(documents), scorer.build_features(shuffled))


@pytest.mark.parametrize("whole", [int, float], ids=["as 3", "as 3.0"])
def test_a_real_dossier_is_a_valid_request(
    documents: list[Dossier], whole: Callable[[str], float]
) -> None:
    for document in documents[:100]:
        written = orjson.loads(orjson.dumps(document))
        body = orjson.dumps({"dossier": _written(written, whole)})
        assert parse_request(body).dossier == document
    many = orjson.dumps({"requests": [{"dossier": document} for document in documents]})
    assert all(isinstance(request, ScoringRequest) for request in parse_requests(many))


def _written(told: object, whole: Callable[[str], float]) -> object:
    if isinstance(told, dict):
        return {name: _written(cell, whole) for name, cell in told.items()}
    if isinstance(told, list):
        return [_written(row, whole) for row in told]
    return whole(str(told)) if type(told) is int else told


def test_every_folder_of_real_rows_passes_the_checks(real_data: Path, tmp_path: Path) -> None:
    for folder, forms in (
        ("repayments", "application_train"),
        ("blind_clients", TEST),
        ("applications", "application_train"),
    ):
        tables = read_tables(
            real_data / folder,
            application=forms,
            labelled=forms == "application_train",
            cache=tmp_path / "cache",
        )
        assert tables.application.collect().height > 100
