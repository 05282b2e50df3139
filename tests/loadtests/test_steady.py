"""Growth during a soak is a violation above the declared limit."""

from __future__ import annotations

import math

import pytest

from loadtests.budget import BUDGET_PATH, Budget
from loadtests.steady import find_growth_violations

LIMITS = Budget.from_yaml(BUDGET_PATH).growth


def test_growth_is_accepted_up_to_the_declared_limit() -> None:
    flat = [(float(second), 100.0) for second in range(100)]
    growing = [(second, value * (1 + second / 500)) for second, value in flat]
    assert find_growth_violations({"memory": flat, "latency": flat}, LIMITS) == []
    assert find_growth_violations({"memory": flat, "latency": growing}, LIMITS) == []
    [violation] = find_growth_violations({"memory": growing, "latency": flat}, LIMITS)
    assert (violation.metric, violation.limit) == ("growth of memory", LIMITS["memory"])
    assert violation.measured == pytest.approx(1.18 / 1.06 - 1, abs=0.01)


def test_a_soak_without_early_or_late_samples_is_a_violation() -> None:
    interrupted = [(float(second), 100.0) for second in (0, 1, 2, 100)]
    violations = find_growth_violations({"memory": [], "latency": interrupted}, LIMITS)
    assert [(violation.metric, math.isnan(violation.measured)) for violation in violations] == [
        ("growth of memory", True),
        ("growth of latency", True),
    ]
