"""The read-only routes: clients, positions, the model, decisions, health and metrics."""

import gc
import json
import re
from dataclasses import replace
from typing import Any

import bentoml
import httpx
import pytest

from credit.features import CATALOGUE
from stores.ledger.store import Ledger
from tests.support.example_dossiers import make_applicant
from tests.support.services import ROOT, RunningService

OPENAPI = ROOT / "tests" / "golden" / "openapi.json"


def get_first_client(api: httpx.Client) -> int:
    return int(api.get("/v1/clients", params={"limit": 1}).json()["clients"][0])


def test_clients_are_found_by_their_first_digits(api: httpx.Client) -> None:
    all_clients = api.get("/v1/clients", params={"limit": 1_000}).json()
    some = api.get("/v1/clients", params={"prefix": "1000", "limit": 1_000}).json()
    expected = [client for client in all_clients["clients"] if str(client).startswith("1000")]
    assert some["clients"] == expected
    assert some["total"] == len(expected) < all_clients["total"]


def test_a_profile_is_in_both_languages(api: httpx.Client) -> None:
    profile = api.get(f"/v1/clients/{get_first_client(api)}").raise_for_status().json()
    credit = next(line for line in profile["lines"] if line["column"] == "AMT_CREDIT")
    assert credit["label"] == {"fr": "Montant du crédit", "en": "Credit amount"}
    assert credit["text"]["en"] == f"{credit['value']:,.0f}"
    assert not [line for line in profile["lines"] if line["column"] == "CODE_GENDER"]


def test_a_position_counts_the_training_clients(api: httpx.Client) -> None:
    path = f"/v1/clients/{get_first_client(api)}/position"
    among_all = api.get(path, params={"feature": "income"}).raise_for_status().json()
    in_quintile = api.get(path, params={"feature": "income", "similar": "true"}).json()

    def count_clients(position: dict[str, list[dict[str, int]]]) -> int:
        return sum(b["without_difficulties"] + b["with_difficulties"] for b in position["bins"])

    assert 0 < count_clients(in_quintile) < count_clients(among_all)
    assert 0 <= among_all["percentile"] <= 1


def test_positions_have_a_batcher_of_their_own(api: httpx.Client) -> None:
    def count_batches() -> float:
        [count] = re.findall(
            r'^credit_batch_size_count{runner="look"} (.*)$',
            api.get("/metrics").text,
            re.MULTILINE,
        )
        return float(count)

    path = f"/v1/clients/{get_first_client(api)}/position"
    api.get(path, params={"feature": "income"}).raise_for_status()
    before = count_batches()
    api.get(path, params={"feature": "income"}).raise_for_status()
    assert count_batches() == before + 1


def test_two_features_are_crossed(api: httpx.Client) -> None:
    first, second = api.get("/v1/model").json()["crossed"][:2]
    path = f"/v1/clients/{get_first_client(api)}/position"
    crossed = api.get(path, params={"feature": first, "by": second}).raise_for_status().json()
    transposed = api.get(path, params={"feature": second, "by": first}).json()
    assert crossed["counts"] == [list(row) for row in zip(*transposed["counts"], strict=True)]
    assert crossed["values"] == transposed["values"][::-1]


def test_an_unknown_feature_is_named_with_the_nearest(api: httpx.Client) -> None:
    path = f"/v1/clients/{get_first_client(api)}/position"
    answer = api.get(path, params={"feature": "incom"})
    [fault] = answer.json()["error"]["faults"]
    assert answer.status_code == 422
    assert fault == {
        "where": "feature", "got": "incom", "expected": "a known feature; did you mean income?"
    }  # fmt: skip


def test_the_model_is_described(api: httpx.Client) -> None:
    model = api.get("/v1/model").raise_for_status().json()
    assert {feature["name"] for feature in model["features"]} == set(CATALOGUE)
    importances = [feature["importance"] for feature in model["features"]]
    assert importances == sorted(importances, reverse=True)
    assert model["band"] == [0.45, 0.55]
    assert model["data"]["clients"] > 0
    assert re.fullmatch("[0-9a-f]{32}", model["run_id"])


def test_the_model_has_a_card_and_intervals_of_its_metrics(api: httpx.Client) -> None:
    model = api.get("/v1/model").raise_for_status().json()
    assert model["card"].startswith("# Model card")
    assert "## Fairness" in model["card"]
    low, high = model["intervals"]["auc"]
    assert low < model["metrics"]["auc"] < high


def test_a_decision_of_another_model_is_shown_without_features(
    service: RunningService, api: httpx.Client
) -> None:
    request = {"dossier": make_applicant()}
    decision = api.post("/predict", json=request).raise_for_status().json()
    ledger = Ledger(f"sqlite:///{service.home.path / 'ledger.sqlite'}")
    record = ledger.find(decision["decision_id"])
    former: dict[str, Any] = {
        "decision_id": "of-another-model",
        "model_version": "credit-scorer:0",
    }
    former_decision = replace(record.decision, **former)
    shorter_row = record.feature_row[:-1]
    ledger.append([replace(record, decision=former_decision, feature_row=shorter_row)])
    shown = api.get("/v1/decisions/of-another-model").raise_for_status().json()
    assert shown["decision"] == decision | former
    assert shown["features"] is None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/clients/7", 404, "unknown-client"),
        ("/v1/clients/seven", 422, "invalid-request"),
        ("/v1/clients/-7", 422, "invalid-request"),
        ("/v1/clients?limit=0", 422, "invalid-request"),
        ("/v1/clients?prefix=a", 422, "invalid-request"),
        ("/v1/decisions/nothing", 404, "unknown-decision"),
        ("/v1/decisions/%00", 422, "invalid-request"),
        ("/v1/clients/%00", 422, "invalid-request"),
        ("/v1/nowhere", 404, "no-such-path"),
        ("/nowhere", 404, "no-such-path"),
        ("/predict", 405, "method-not-allowed"),
    ],
)
def test_every_failure_has_the_same_shape(
    api: httpx.Client, path: str, status: int, code: str
) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["x-request-id"]


def test_metrics_have_no_series_for_unknown_paths(api: httpx.Client) -> None:
    for number in range(20):
        api.get(f"/made-up/{number}")
        api.get(f"/v1/clients/{number}")
    series = api.get("/metrics").text
    assert 'route="other"' in series
    assert 'route="/v1/clients/{client_id}"' in series
    assert "made-up" not in series
    assert "/v1/clients/7" not in series


def test_health_is_answered(api: httpx.Client) -> None:
    assert [api.get(path).status_code for path in ("/healthz", "/livez", "/readyz")] == [200] * 3


def test_every_call_is_described_with_an_example(api: httpx.Client) -> None:
    described = api.get("/docs.json").raise_for_status().json()
    for call in ("/predict", "/explain", "/simulate", "/predict_many"):
        content = described["paths"][call]["post"]["requestBody"]["content"]["application/json"]
        for example in content["examples"].values():
            answer = api.post(call, json=example["value"]).raise_for_status().json()
            for decision in answer if isinstance(answer, list) else [answer]:
                assert 0 < decision["risk"] < 1
    assert "/v1/clients/{client_id}/position" in described["paths"]


@pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")
def test_bentoml_s_own_client_is_served(service: RunningService) -> None:
    with bentoml.SyncHTTPClient(service.url) as client:
        answer = client.predict({"dossier": {"application": {"AMT_CREDIT": 250_000}}})
    del client
    gc.collect()  # its folder is removed by the collector, which would warn in a later test
    assert 0 < answer["risk"] < 1


def test_the_openapi_document_is_unchanged(api: httpx.Client) -> None:
    """A difference is a change of the contract; `curl -s .../docs.json` recreates the file."""
    assert api.get("/docs.json").json() == json.loads(OPENAPI.read_text())
