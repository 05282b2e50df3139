"""What Grafana shows and the autoscaler reads is measured by the service."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from credit.policy import load_policy
from serving import metrics
from serving.core.decision_engine import DecisionEngine
from serving.core.scoring_service import ScoringService
from stores.clients.store import ClientStore
from stores.ledger.store import Ledger

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "credit-scoring.json").read_text())
QUERIES = [t["expr"] for panel in DASHBOARD["panels"] for t in panel["targets"]]
RULES = yaml.safe_load((DEPLOY / "kubernetes" / "adapter.yaml").read_text())["rules"]["custom"]
LABELS = {
    "credit_request_seconds": metrics.REQUEST_SECONDS,
    "credit_batch_size": metrics.BATCH_SIZE,
    "credit_queue_seconds": metrics.QUEUE_SECONDS,
    "credit_compute_seconds": metrics.COMPUTE_SECONDS,
}


@pytest.mark.parametrize("query", [*QUERIES, *(rule["metricsQuery"] for rule in RULES)])
def test_a_query_asks_for_what_the_service_measures(query: str) -> None:
    measured = {family.name for family in REGISTRY.collect()}
    asked = set(re.findall(r"(credit_\w+?)_(?:bucket|sum|count)\b", query))
    assert asked
    assert asked <= measured
    [metric] = asked
    told = {*LABELS[metric]._labelnames, "le"}  # noqa: SLF001 -- there is no other way to ask
    grouped = re.findall(r"by \(([\w, ]+)\)", query)
    used = {label for group in grouped for label in re.split(r", *", group)}
    used |= set(re.findall(r"(\w+)[!=]~?\"", query))
    assert used <= told


def test_the_autoscaler_counts_every_place_where_requests_wait(tmp_path: Path) -> None:
    metrics.QUEUE_SECONDS.clear()
    unused: Any = None
    clients, ledger = ClientStore(tmp_path / "clients"), Ledger(f"sqlite:///{tmp_path / 'ledger'}")
    judge = DecisionEngine(scorer=unused, clients=clients, ledger=ledger, policy_on=load_policy)
    ScoringService(judge).close()
    [queued] = metrics.QUEUE_SECONDS.collect()
    made = {sample.labels["runner"] for sample in queued.samples}
    [rule] = RULES
    counted = set(re.search(r'runner=~"(.+?)"', rule["metricsQuery"])[1].split("|"))  # type: ignore[index]
    assert counted == made


def test_every_panel_asks_the_datasource_that_is_provisioned() -> None:
    path = DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml"
    [source] = yaml.safe_load(path.read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
