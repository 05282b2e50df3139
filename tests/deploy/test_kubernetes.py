"""The manifests match the schemas that Kubernetes publishes, and each other."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
VERSIONS = ("1.30", "1.34")
"""The oldest and the newest supported version; gRPC probes and autoscaling/v2 are older."""


def read_manifest(name: str) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return manifest


DEPLOYMENT = read_manifest("deployment.yaml")
POD = DEPLOYMENT["spec"]["template"]
CONTAINERS = [*POD["spec"]["initContainers"], *POD["spec"]["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", KUSTOMIZATION["resources"])
def test_a_manifest_matches_its_schema(name: str, version: str) -> None:
    kubernetes_validate.validate(read_manifest(name), version, strict=True)


def test_the_schema_rejects_a_misspelt_field() -> None:
    wrong = read_manifest("service.yaml")
    wrong["spec"]["selectors"] = wrong["spec"].pop("selector")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_manifest_is_applied_except_the_adapter_s() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert files == {*KUSTOMIZATION["resources"], "kustomization.yaml", "adapter.yaml"}


def test_selectors_match_the_pods() -> None:
    labels = POD["metadata"]["labels"].items()
    selectors = [
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        read_manifest("service.yaml")["spec"]["selector"],
        read_manifest("disruption.yaml")["spec"]["selector"]["matchLabels"],
        read_manifest("network.yaml")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels for selector in selectors)


def test_callers_are_selected_by_their_own_label() -> None:
    assert not any(label.get("includeSelectors") for label in KUSTOMIZATION["labels"])
    callers, _ = read_manifest("network.yaml")["spec"]["ingress"]
    [pods] = callers["from"]
    assert pods["podSelector"]["matchLabels"].keys() == {"credit-scoring/caller"}


def test_the_autoscaler_uses_a_metric_of_the_adapter() -> None:
    [metric] = read_manifest("autoscaler.yaml")["spec"]["metrics"]
    [rule] = read_manifest("adapter.yaml")["rules"]["custom"]
    assert metric["pods"]["metric"]["name"] == rule["name"]["as"]
    assert "credit_queue_seconds_sum" in rule["metricsQuery"]


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda c: c["name"])
def test_no_container_may_become_root_or_write_outside_its_volumes(
    container: dict[str, Any],
) -> None:
    allowed = container["securityContext"]
    assert allowed["allowPrivilegeEscalation"] is False
    assert allowed["readOnlyRootFilesystem"] is True
    assert allowed["capabilities"]["drop"] == ["ALL"]
    assert POD["spec"]["securityContext"]["runAsNonRoot"] is True
    assert "memory" in container["resources"]["limits"]
