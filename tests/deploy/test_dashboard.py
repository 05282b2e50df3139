"""Grafana and the autoscaler use metrics and labels that the service has."""

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
METRICS = {
    "credit_request_seconds": metrics.REQUEST_SECONDS,
    "credit_batch_size": metrics.BATCH_SIZE,
    "credit_queue_seconds": metrics.QUEUE_SECONDS,
    "credit_compute_seconds": metrics.COMPUTE_SECONDS,
}


@pytest.mark.parametrize("query", [*QUERIES, *(rule["metricsQuery"] for rule in RULES)])
def test_a_query_uses_metrics_and_labels_of_the_service(query: str) -> None:
    registered = {family.name for family in REGISTRY.collect()}
    queried = set(re.findall(r"(credit_\w+?)_(?:bucket|sum|count)\b", query))
    assert queried
    assert queried <= registered
    [metric] = queried
    labels = {*METRICS[metric]._labelnames, "le"}  # noqa: SLF001 -- it has no public property
    grouped = re.findall(r"by \(([\w, ]+)\)", query)
    used = {label for group in grouped for label in re.split(r", *", group)}
    used |= set(re.findall(r"(\w+)[!=]~?\"", query))
    assert used <= labels


def test_the_autoscaler_counts_the_queue_of_every_batcher(tmp_path: Path) -> None:
    metrics.QUEUE_SECONDS.clear()
    unused: Any = None
    clients, ledger = ClientStore(tmp_path / "clients"), Ledger(f"sqlite:///{tmp_path / 'ledger'}")
    engine = DecisionEngine(scorer=unused, clients=clients, ledger=ledger, policy_on=load_policy)
    ScoringService(engine).close()
    [queued] = metrics.QUEUE_SECONDS.collect()
    batchers = {sample.labels["runner"] for sample in queued.samples}
    [rule] = RULES
    counted = set(re.search(r'runner=~"(.+?)"', rule["metricsQuery"])[1].split("|"))  # type: ignore[index]
    assert counted == batchers


def test_every_panel_uses_the_provisioned_datasource() -> None:
    path = DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yaml"
    [source] = yaml.safe_load(path.read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
