"""A run under load, made small: it measures every call, and fails when it should."""

import csv
import json
import math
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtests.budget import BUDGET_PATH, GRPC_CALLS, Budget, BudgetViolation, CallStats
from loadtests.shapes import Shape, count_callers
from loadtests.steady import find_growth_violations
from loadtests.target import GrpcPortClosed, Target, start_service
from stores.settings import Settings
from tests.support.services import ROOT, Home, RunningService

EASY = {
    "errors": 0,
    "p99": dict.fromkeys(Budget.from_yaml(BUDGET_PATH).p99, 30_000),
    "growth": {"memory": 9, "latency": 9},
}


def run(home: Home, tmp_path: Path, budget: dict[str, object], *arguments: str) -> tuple[int, str]:
    path = tmp_path / "budget.yaml"
    path.write_text(yaml.safe_dump(budget))
    command = [sys.executable, "-m", "loadtests", "--budget", str(path), "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--callers", "16", *arguments],
        env=home.environment(patience=60) | {"COLUMNS": "200"}, cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_run_within_budget_leaves_its_figures_and_a_picture(home: Home, tmp_path: Path) -> None:
    before = (home.path / "ledger.sqlite").exists()
    code, said = run(home, tmp_path, EASY, "--seconds", "60", "--shape", "soak")
    assert code == 0, said
    with (tmp_path / "run_stats.csv").open() as lines:
        called = {row["Name"]: int(row["Request Count"]) for row in csv.DictReader(lines)}
    assert called.keys() >= Budget.from_yaml(BUDGET_PATH).p99.keys()
    assert (tmp_path / "run.svg").read_text().startswith("<?xml")
    with (tmp_path / "run_memory.csv").open() as lines:
        assert all(int(row["bytes"]) > 10**8 for row in csv.DictReader(lines))
    assert re.search(r"latency \S+ late, memory \S+ late", said)
    assert (home.path / "ledger.sqlite").exists() == before, "decided in the home's own ledger"


@pytest.mark.slow
def test_a_run_over_budget_fails_and_names_what_was_over(
    service: RunningService, tmp_path: Path
) -> None:
    strict = EASY | {"p99": {**EASY["p99"], "predict by id": 0.001}}  # type: ignore[dict-item]
    code, said = run(
        service.home, tmp_path, strict, "--seconds", "5", "--host", service.url,
    )  # fmt: skip
    assert code == 1
    assert "over budget" in said
    assert "predict by id" in said.partition("over budget")[2]


def called(name: str, failures: int = 0) -> CallStats:
    return CallStats(
        name=name, count=10_000, failures=failures, calls_per_second=50, p50_ms=3, p99_ms=9
    )


BUDGET = Budget.from_yaml(BUDGET_PATH)
EVERY = {name: called(name) for name in BUDGET.p99}


def test_one_failed_call_is_over_the_declared_budget() -> None:
    calls = EVERY | {"predict by id": called("predict by id", failures=1)}
    assert BUDGET.find_violations(list(calls.values())) == [
        BudgetViolation(call_name="predict by id", metric="errors", measured=0.0001, limit=0.0)
    ]


def test_a_call_that_was_never_made_is_over_budget_unless_it_could_not_be() -> None:
    over_http = [call for name, call in EVERY.items() if name not in GRPC_CALLS]
    assert [one.call_name for one in BUDGET.find_violations(over_http)] == list(GRPC_CALLS)
    assert BUDGET.find_violations(over_http, excluded_calls=GRPC_CALLS) == []
    assert {one.call_name for one in BUDGET.find_violations([])} == EVERY.keys()


def test_a_call_that_has_no_budget_is_named() -> None:
    [over] = BUDGET.find_violations([*EVERY.values(), called("review")])
    assert (over.call_name, over.metric) == ("review", "calls, undeclared")


def test_a_soak_may_end_higher_than_it_began_by_what_is_declared_and_no_more() -> None:
    flat = [(float(second), 100.0) for second in range(100)]
    leaking = [(second, held * (1 + second / 500)) for second, held in flat]
    assert find_growth_violations({"memory": flat, "latency": flat}, BUDGET.growth) == []
    assert find_growth_violations({"memory": flat, "latency": leaking}, BUDGET.growth) == []
    [over] = find_growth_violations({"memory": leaking, "latency": flat}, BUDGET.growth)
    assert (over.metric, over.limit) == ("growth of memory", BUDGET.growth["memory"])
    assert over.measured == pytest.approx(1.18 / 1.06 - 1, abs=0.01)


def test_a_soak_of_which_nothing_was_seen_early_or_late_is_not_flat() -> None:
    died = [(float(second), 100.0) for second in (0, 1, 2, 100)]
    over = find_growth_violations({"memory": [], "latency": died}, BUDGET.growth)
    assert [(one.metric, math.isnan(one.measured)) for one in over] == [
        ("growth of memory", True),
        ("growth of latency", True),
    ]


@pytest.mark.slow
def test_a_service_that_was_started_for_a_run_has_both_doors(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alone(host: str, grpc: str) -> Target:
        return Target(host=host, grpc=grpc and "")

    monkeypatch.setattr("loadtests.target.connect_target", alone)
    with (
        pytest.raises(GrpcPortClosed),
        start_service(Settings(home=home.path), "service:CreditScoring"),
    ):
        pass


class Strange(BaseHTTPRequestHandler):
    """Answers that are no decisions, and one that is."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        status, content = {
            "/fails": (500, b"Internal Server Error"),
            "/rubbish": (200, b"<html>"),
            "/nothing": (200, b""),
        }.get(self.path, (200, b'{"risk": 0.5}'))
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def callers_say(*arguments: str) -> Any:
    """What locust's callers do, in a process of their own."""
    command = [sys.executable, "-m", "tests.support.locust_callers", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_answer_that_is_no_json_is_a_failure_with_what_it_says() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Strange) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            failures = sorted(callers_say("failures", f"http://127.0.0.1:{server.server_port}"))
        finally:
            server.shutdown()
    fails, nothing, rubbish = failures
    assert "500: Internal Server Error" in fails
    assert "no JSON" in nothing
    assert "<html>" in rubbish


def test_every_grpc_caller_has_a_connection_of_its_own(
    service: RunningService, tmp_path: Path
) -> None:
    dossiers = tmp_path / "dossiers.jsonl"
    dossiers.write_text("{}")
    assert callers_say("connections", service.url, service.grpc, str(dossiers)) == 3


@pytest.mark.parametrize("shape", Shape)
def test_somebody_calls_at_every_moment_and_never_more_than_asked_for(shape: Shape) -> None:
    course = [count_callers(shape, 40, moment / 200) for moment in range(200)]
    assert min(course) >= 1
    assert max(course) == (20 if shape is Shape.SOAK else 40)
