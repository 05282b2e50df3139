"""Real clients: every way to score them gives the same risk. Skipped if there are no real rows."""

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
from credit.policy import Policy
from credit.schema import HISTORIES
from credit.scorer import Scorer
from credit.underwriting import score_dossiers
from stores.dossiers.grouping import group_into_dossiers
from stores.dossiers.parquet import DossierFile
from stores.raw_tables.tables import read_tables
from tests.support.bit_equality import is_bit_identical
from tests.support.example_dossiers import Dossier

CLIENT_COUNT = 500
TEST_FORMS = "application_test"


@pytest.fixture(scope="module")
def dossier_file(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> DossierFile:
    """Return the dossiers of the first 500 clients of the public test set."""
    source, folder = real_data / "clients", tmp_path_factory.mktemp("real")
    forms = pl.read_parquet(source / f"{TEST_FORMS}.parquet").head(CLIENT_COUNT)
    forms.write_parquet(folder / f"{TEST_FORMS}.parquet")
    for name in HISTORIES:
        if (path := source / f"{name}.parquet").exists():
            (folder / path.name).symlink_to(path.resolve())
    tables = read_tables(folder, application=TEST_FORMS, cache=folder / "cache")
    grouping = group_into_dossiers(tables, folder / "some.parquet")
    assert grouping.client_count == CLIENT_COUNT
    return DossierFile(folder / "some.parquet")


@pytest.fixture(scope="module")
def documents(dossier_file: DossierFile) -> list[Dossier]:
    return [orjson.loads(document) for _, document in dossier_file.iter_documents()]


@pytest.fixture(scope="module")
def risks(documents: list[Dossier], scorer: Scorer) -> list[float]:
    predicted: list[float] = scorer.predict_risk(scorer.build_features(documents)).tolist()
    return predicted


def test_real_clients_have_real_histories(documents: list[Dossier]) -> None:
    known = {name for document in documents for name in HISTORIES if document.get(name)}
    assert known >= {"bureau", "bureau_balance", "previous_application", "POS_CASH_balance"}
    assert all("installments_payments" not in document for document in documents)


def test_single_documents_batches_and_files_give_the_same_risk(
    dossier_file: DossierFile,
    documents: list[Dossier],
    risks: list[float],
    scorer: Scorer,
    policy: Policy,
) -> None:
    assert [score_dossiers(scorer, [document], policy)[0].risk for document in documents] == risks
    risks_by_batch = [
        scorer.predict_risk(build(batch, scorer.fitted))
        for batch in dossier_file.iter_batches(COLUMNS, 64)
    ]
    assert np.concatenate(risks_by_batch).tolist() == risks
    assert len(set(risks)) > CLIENT_COUNT / 4  # equal risks would prove nothing


def test_features_of_files_and_documents_are_bit_identical(
    dossier_file: DossierFile, documents: list[Dossier], scorer: Scorer
) -> None:
    from_file = np.concatenate(
        [build(batch, scorer.fitted) for batch in dossier_file.iter_batches(COLUMNS)]
    )
    assert is_bit_identical(
        from_file, build(DossierBatch.from_documents(documents, COLUMNS), scorer.fitted)
    )


def test_the_order_of_rows_does_not_change_the_features(
    documents: list[Dossier], scorer: Scorer
) -> None:
    order = random.Random(1)  # noqa: S311 -- not used for cryptography
    shuffled = [
        {
            name: order.sample(rows, len(rows)) if isinstance(rows, list) else rows
            for name, rows in document.items()
        }
        for document in documents
    ]
    assert is_bit_identical(scorer.build_features(documents), scorer.build_features(shuffled))


@pytest.mark.parametrize("convert", [int, float], ids=["as 3", "as 3.0"])
def test_a_real_dossier_is_a_valid_request(
    documents: list[Dossier], convert: Callable[[str], float]
) -> None:
    for document in documents[:100]:
        decoded = orjson.loads(orjson.dumps(document))
        body = orjson.dumps({"dossier": _convert_integers(decoded, convert)})
        assert parse_request(body).dossier == document
    body = orjson.dumps({"requests": [{"dossier": document} for document in documents]})
    assert all(isinstance(request, ScoringRequest) for request in parse_requests(body))


def _convert_integers(value: object, convert: Callable[[str], float]) -> object:
    if isinstance(value, dict):
        return {name: _convert_integers(cell, convert) for name, cell in value.items()}
    if isinstance(value, list):
        return [_convert_integers(row, convert) for row in value]
    return convert(str(value)) if type(value) is int else value


def test_every_folder_of_real_rows_passes_the_checks(real_data: Path, tmp_path: Path) -> None:
    for folder, forms in (
        ("repayments", "application_train"),
        ("blind_clients", TEST_FORMS),
        ("applications", "application_train"),
    ):
        tables = read_tables(
            real_data / folder,
            application=forms,
            labelled=forms == "application_train",
            cache=tmp_path / "cache",
        )
        assert tables.application.collect().height > 100
