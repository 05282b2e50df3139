"""What is read under /v1, and what the service says of itself."""

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


def first_client(api: httpx.Client) -> int:
    return int(api.get("/v1/clients", params={"limit": 1}).json()["clients"][0])


def test_clients_are_found_by_their_first_digits(api: httpx.Client) -> None:
    everyone = api.get("/v1/clients", params={"limit": 1_000}).json()
    some = api.get("/v1/clients", params={"prefix": "1000", "limit": 1_000}).json()
    wanted = [client for client in everyone["clients"] if str(client).startswith("1000")]
    assert some["clients"] == wanted
    assert some["total"] == len(wanted) < everyone["total"]


def test_a_profile_is_in_words_of_both_languages(api: httpx.Client) -> None:
    profile = api.get(f"/v1/clients/{first_client(api)}").raise_for_status().json()
    credit = next(line for line in profile["lines"] if line["column"] == "AMT_CREDIT")
    assert credit["label"] == {"fr": "Montant du crédit", "en": "Credit amount"}
    assert credit["text"]["en"] == f"{credit['value']:,.0f}"
    assert not [line for line in profile["lines"] if line["column"] == "CODE_GENDER"]


def test_a_position_counts_the_training_clients(api: httpx.Client) -> None:
    path = f"/v1/clients/{first_client(api)}/position"
    whole = api.get(path, params={"feature": "income"}).raise_for_status().json()
    fifth = api.get(path, params={"feature": "income", "similar": "true"}).json()

    def counted(told: dict[str, list[dict[str, int]]]) -> int:
        return sum(b["without_difficulties"] + b["with_difficulties"] for b in told["bins"])

    assert 0 < counted(fifth) < counted(whole)
    assert 0 <= whole["percentile"] <= 1


def test_a_position_waits_its_turn_in_a_queue_of_its_own(api: httpx.Client) -> None:
    def batches() -> float:
        [count] = re.findall(
            r'^credit_batch_size_count{runner="look"} (.*)$',
            api.get("/metrics").text,
            re.MULTILINE,
        )
        return float(count)

    path = f"/v1/clients/{first_client(api)}/position"
    api.get(path, params={"feature": "income"}).raise_for_status()
    before = batches()
    api.get(path, params={"feature": "income"}).raise_for_status()
    assert batches() == before + 1


def test_two_features_are_crossed(api: httpx.Client) -> None:
    one, other = api.get("/v1/model").json()["crossed"][:2]
    path = f"/v1/clients/{first_client(api)}/position"
    crossed = api.get(path, params={"feature": one, "by": other}).raise_for_status().json()
    turned = api.get(path, params={"feature": other, "by": one}).json()
    assert crossed["counts"] == [list(row) for row in zip(*turned["counts"], strict=True)]
    assert crossed["values"] == turned["values"][::-1]


def test_an_unknown_feature_is_named_with_the_nearest(api: httpx.Client) -> None:
    path = f"/v1/clients/{first_client(api)}/position"
    answer = api.get(path, params={"feature": "incom"})
    [fault] = answer.json()["error"]["faults"]
    assert answer.status_code == 422
    assert fault == {
        "where": "feature", "got": "incom", "expected": "a known feature; did you mean income?"
    }  # fmt: skip


def test_the_model_tells_what_it_is(api: httpx.Client) -> None:
    model = api.get("/v1/model").raise_for_status().json()
    assert {feature["name"] for feature in model["features"]} == set(CATALOGUE)
    importances = [feature["importance"] for feature in model["features"]]
    assert importances == sorted(importances, reverse=True)
    assert model["band"] == [0.45, 0.55]
    assert model["data"]["clients"] > 0
    assert re.fullmatch("[0-9a-f]{32}", model["run_id"])


def test_the_model_shows_its_card_and_how_sure_its_measures_are(api: httpx.Client) -> None:
    model = api.get("/v1/model").raise_for_status().json()
    assert model["card"].startswith("# Model card")
    assert "## Fairness" in model["card"]
    low, high = model["intervals"]["auc"]
    assert low < model["metrics"]["auc"] < high


def test_a_decision_of_another_model_is_shown_without_its_words(
    service: RunningService, api: httpx.Client
) -> None:
    said = api.post("/predict", json={"dossier": make_applicant()}).raise_for_status().json()
    ledger = Ledger(f"sqlite:///{service.home.path / 'ledger.sqlite'}")
    record = ledger.find(said["decision_id"])
    former: dict[str, Any] = {
        "decision_id": "of-another-model",
        "model_version": "credit-scorer:0",
    }
    ledger.append([
        replace(record, decision=replace(record.decision, **former), feature_row=record.feature_row[:-1])
    ])  # fmt: skip
    shown = api.get("/v1/decisions/of-another-model").raise_for_status().json()
    assert shown["decision"] == said | former
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


def test_measurements_keep_no_series_for_made_up_paths(api: httpx.Client) -> None:
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
        asked = described["paths"][call]["post"]["requestBody"]["content"]["application/json"]
        for example in asked["examples"].values():
            told = api.post(call, json=example["value"]).raise_for_status().json()
            for decision in told if isinstance(told, list) else [told]:
                assert 0 < decision["risk"] < 1
    assert "/v1/clients/{client_id}/position" in described["paths"]


@pytest.mark.filterwarnings("ignore:Implicitly cleaning up:ResourceWarning")
def test_bentoml_s_own_client_is_served(service: RunningService) -> None:
    with bentoml.SyncHTTPClient(service.url) as client:
        answer = client.predict({"dossier": {"application": {"AMT_CREDIT": 250_000}}})
    del client
    gc.collect()  # its folder is left to the collector, which would warn in another test
    assert 0 < answer["risk"] < 1


def test_the_described_calls_are_what_they_were(api: httpx.Client) -> None:
    """A change here is a change of contract; `curl -s .../docs.json` makes the file anew."""
    assert api.get("/docs.json").json() == json.loads(OPENAPI.read_text())
