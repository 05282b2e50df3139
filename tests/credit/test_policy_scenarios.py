"""The lender's rule, as sentences a credit officer can read and correct."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from credit.policy import load_policy
from tests.support.example_dossiers import make_applicant

FILE = Path(__file__).parents[1] / "scenarios" / "policy.yaml"
SCENARIOS = yaml.safe_load(FILE.read_text(encoding="utf-8"))

FIELDS = {"name", "day", "risk", "form", "outcome", "rules", "index", "points"}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_policy(scenario: dict[str, Any]) -> None:
    assert scenario.keys() <= FIELDS
    policy = load_policy(scenario["day"])
    rules = policy.find_applicable_rules(make_applicant(**scenario.get("form", {}))["application"])
    assert [rule.code for rule in rules] == scenario.get("rules", [])
    assert policy.propose_outcome(scenario["risk"], rules).value == scenario["outcome"]
    if "index" in scenario:
        assert round(policy.compute_index(scenario["risk"]), 3) == scenario["index"]
    if "points" in scenario:
        assert round(policy.compute_points(scenario["risk"]), 1) == scenario["points"]
