"""The manifests, against the schemas that Kubernetes publishes."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
VERSIONS = ("1.30", "1.34")
"""The oldest and the newest that are promised: gRPC probes and autoscaling/v2 are older."""


def read(name: str) -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return said


DEPLOYMENT = read("deployment.yaml")
POD = DEPLOYMENT["spec"]["template"]
CONTAINERS = [*POD["spec"]["initContainers"], *POD["spec"]["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KUSTOMIZATION["resources"])
def test_a_manifest_keeps_its_schema(name: str, version: str) -> None:
    kubernetes_validate.validate(read(name), version, strict=True)


def test_the_schema_notices_a_misspelt_field() -> None:
    wrong = read("service.yaml")
    wrong["spec"]["selectors"] = wrong["spec"].pop("selector")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_manifest_is_applied_or_is_the_adapters() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert files == {*KUSTOMIZATION["resources"], "kustomization.yaml", "adapter.yaml"}


def test_selectors_find_the_pods() -> None:
    labels = POD["metadata"]["labels"].items()
    selectors = [
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        read("service.yaml")["spec"]["selector"],
        read("disruption.yaml")["spec"]["selector"]["matchLabels"],
        read("network.yaml")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels for selector in selectors)


def test_callers_need_not_bear_the_name_of_the_service() -> None:
    assert not any(label.get("includeSelectors") for label in KUSTOMIZATION["labels"])
    callers, _ = read("network.yaml")["spec"]["ingress"]
    [pods] = callers["from"]
    assert pods["podSelector"]["matchLabels"].keys() == {"credit-scoring/caller"}


def test_the_autoscaler_goes_by_a_metric_that_the_adapter_makes() -> None:
    [metric] = read("autoscaler.yaml")["spec"]["metrics"]
    [rule] = read("adapter.yaml")["rules"]["custom"]
    assert metric["pods"]["metric"]["name"] == rule["name"]["as"]
    assert "credit_queue_seconds_sum" in rule["metricsQuery"]


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda c: c["name"])
def test_no_container_may_become_root_or_write_beside_its_volumes(
    container: dict[str, Any],
) -> None:
    allowed = container["securityContext"]
    assert allowed["allowPrivilegeEscalation"] is False
    assert allowed["readOnlyRootFilesystem"] is True
    assert allowed["capabilities"]["drop"] == ["ALL"]
    assert POD["spec"]["securityContext"]["runAsNonRoot"] is True
    assert "memory" in container["resources"]["limits"]
