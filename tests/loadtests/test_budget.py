"""A budget finds calls that failed, were never made, or are not declared."""

from __future__ import annotations

from loadtests.budget import BUDGET_PATH, GRPC_CALLS, Budget, BudgetViolation, CallStats

BUDGET = Budget.from_yaml(BUDGET_PATH)


def make_stats(name: str, failures: int = 0) -> CallStats:
    return CallStats(
        name=name, count=10_000, failures=failures, calls_per_second=50, p50_ms=3, p99_ms=9
    )


ALL_CALLS = {name: make_stats(name) for name in BUDGET.p99}


def test_one_failed_call_exceeds_the_declared_budget() -> None:
    calls = ALL_CALLS | {"predict by id": make_stats("predict by id", failures=1)}
    assert BUDGET.find_violations(list(calls.values())) == [
        BudgetViolation(call_name="predict by id", metric="errors", measured=0.0001, limit=0.0)
    ]


def test_a_call_that_was_never_made_exceeds_the_budget_unless_it_is_excluded() -> None:
    over_http = [call for name, call in ALL_CALLS.items() if name not in GRPC_CALLS]
    violations = BUDGET.find_violations(over_http)
    assert [violation.call_name for violation in violations] == list(GRPC_CALLS)
    assert BUDGET.find_violations(over_http, excluded_calls=GRPC_CALLS) == []
    assert {violation.call_name for violation in BUDGET.find_violations([])} == ALL_CALLS.keys()


def test_a_call_without_a_budget_is_reported() -> None:
    [violation] = BUDGET.find_violations([*ALL_CALLS.values(), make_stats("review")])
    assert (violation.call_name, violation.metric) == ("review", "calls, undeclared")
