"""Requests over real HTTP are decided, explained, recorded and answered."""

import math
from typing import Any

import httpx
import polars as pl
import pytest

from tests.support.services import Home


def logit(risk: float) -> float:
    return math.log(risk / (1 - risk))


@pytest.fixture(scope="module")
def client_ids(home: Home) -> list[int]:
    return pl.read_parquet(home.tables / "application_test.parquet")["SK_ID_CURR"].to_list()


def test_a_decision_has_every_field_of_the_contract(
    api: httpx.Client, client_ids: list[int]
) -> None:
    decision = api.post("/predict", json={"client_id": client_ids[0]}).raise_for_status().json()
    assert decision.keys() == {
        "decision_id", "client_id", "risk", "index", "points", "outcome", "rules", "threshold",
        "model_version", "policy_version", "decided_at", "not_stated",
    }  # fmt: skip
    assert decision["client_id"] == client_ids[0]
    assert decision["threshold"] == pytest.approx(1 / 11)
    log_odds = logit(decision["risk"]) - logit(decision["threshold"])
    assert decision["index"] == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-12)


def test_base_risk_and_contributions_add_up_to_the_risk(
    api: httpx.Client, client_ids: list[int]
) -> None:
    answer = api.post("/explain", json={"client_id": client_ids[1]}).raise_for_status().json()
    total = logit(answer["base_risk"]) + sum(c["log_odds"] for c in answer["contributions"])
    assert total == pytest.approx(logit(answer["risk"]), abs=1e-9)
    assert 0 < len(answer["reasons"]) <= 4
    assert len({reason["concept"] for reason in answer["reasons"]}) == len(answer["reasons"])


def test_single_requests_many_requests_and_the_batch_give_bit_identical_risks(
    api: httpx.Client, home: Home, client_ids: list[int]
) -> None:
    sample = client_ids[:50]
    out = home.path / "scored.parquet"
    home.run("batch", "--data", str(home.tables), "--out", str(out))
    scored = dict(pl.read_parquet(out).select("SK_ID_CURR", "risk").iter_rows())
    requests = [{"client_id": client} for client in sample]
    decisions = api.post("/predict_many", json={"requests": requests}).raise_for_status().json()
    single = [api.post("/predict", json=request).json()["risk"] for request in requests]
    assert [decision["risk"] for decision in decisions] == single
    assert single == [scored[client] for client in sample]


def test_a_decision_is_on_record_when_it_is_answered(
    api: httpx.Client, client_ids: list[int]
) -> None:
    decision = api.post("/predict", json={"client_id": client_ids[2]}).json()
    record = api.get(f"/v1/decisions/{decision['decision_id']}").raise_for_status().json()
    assert record["decision"] == decision
    assert record["kind"] == "predict"
    assert "external_score_2" in record["features"]


def test_a_simulation_is_not_recorded(api: httpx.Client, client_ids: list[int]) -> None:
    simulated = api.post("/simulate", json={"client_id": client_ids[3]}).raise_for_status().json()
    assert simulated["decision_id"] is None
    assert simulated["contributions"]


def test_changes_apply_to_the_form_and_to_nothing_else(
    api: httpx.Client, client_ids: list[int]
) -> None:
    changes = {"EXT_SOURCE_2": 0.01, "EXT_SOURCE_3": None}
    request = {"client_id": client_ids[4], "changes": changes}
    changed = api.post("/simulate", json=request).raise_for_status().json()
    values = {c["feature"]: c["value"] for c in changed["contributions"]}
    assert values["external_score_2"] == pytest.approx(0.01)
    assert values["external_score_3"] is None
    unchanged = api.post("/simulate", json={"client_id": client_ids[4]}).json()
    before = {c["feature"]: c["value"] for c in unchanged["contributions"]}
    assert before["income"] == values["income"]


def test_a_dossier_of_an_unknown_client_is_decided_and_not_stored(api: httpx.Client) -> None:
    dossier = {"application": {"AMT_CREDIT": 250_000, "AMT_INCOME_TOTAL": 90_000}, "bureau": []}
    decision = api.post("/predict", json={"dossier": dossier}).raise_for_status().json()
    assert decision["client_id"] is None
    with_id = {"application": {"SK_ID_CURR": 999_999_999, "AMT_INCOME_TOTAL": 90_000}}
    assert api.post("/predict", json={"dossier": with_id}).json()["client_id"] == 999_999_999
    assert api.get("/v1/clients/999999999").status_code == 404


def test_a_client_without_a_known_income_is_referred(api: httpx.Client) -> None:
    decision = api.post("/predict", json={"dossier": {"application": {}}}).json()
    assert (decision["outcome"], decision["rules"]) == ("refer", ["income-unknown", "not-stated"])
    assert {"AMT_INCOME_TOTAL", "AMT_CREDIT", "DAYS_BIRTH"} <= set(decision["not_stated"])


def test_an_explanation_names_the_fields_that_are_missing(
    api: httpx.Client, client_ids: list[int]
) -> None:
    request = {"client_id": client_ids[0], "changes": {"AMT_ANNUITY": None}}
    explanation = api.post("/simulate", json=request).raise_for_status().json()
    assert explanation["outcome"] != "approve"
    assert explanation["not_stated"] == ["AMT_ANNUITY"]
    [missing] = [f for f in explanation["unknown_fields"] if f["field"] == "AMT_ANNUITY"]
    assert missing["label"] == {"fr": "Mensualité", "en": "Instalment"}
    assert missing["stated_by"] == "applicant"
    assert 0 < explanation["index_margin"] < 0.5


def test_a_bad_request_among_many_yields_an_error_at_its_index(
    api: httpx.Client, client_ids: list[int]
) -> None:
    requests: list[Any] = [
        {"client_id": client_ids[0]},
        {"client_id": 1},
        {"dossier": {"application": {"AMT_CREDT": 1}}},
        "rubbish",
        {"client_id": client_ids[1]},
    ]
    answers = api.post("/predict_many", json={"requests": requests}).raise_for_status().json()
    codes = [answer.get("error", {}).get("code", "decided") for answer in answers]
    assert codes == ["decided", "unknown-client", "invalid-request", "invalid-request", "decided"]


def test_the_same_key_returns_the_same_decision(api: httpx.Client, client_ids: list[int]) -> None:
    key = {"Idempotency-Key": "once"}
    first = api.post("/explain", json={"client_id": client_ids[5]}, headers=key)
    again = api.post("/explain", json={"client_id": client_ids[5]}, headers=key)
    assert first.json() == again.json()
    other = api.post("/explain", json={"client_id": client_ids[6]}, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency-key-reused")
