"""Whoever sends what the OpenAPI document describes gets what it describes, never a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.support.services import RunningService

CHECKS: list[Any] = [not_a_server_error, response_schema_conformance]

NOTHING_TO_SAY = "/v1/model"
"""Takes nothing, so nothing wrong either."""


@pytest.mark.parametrize("mode", GenerationMode)
def test_what_is_described_is_answered_as_described(
    service: RunningService, mode: GenerationMode
) -> None:
    described: Any = schemathesis.openapi.from_url(f"{service.url}/docs.json")
    operations = [found.ok() for found in described.get_all_operations()]
    assert {"/predict", NOTHING_TO_SAY} < {operation.path for operation in operations}
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and operation.path == NOTHING_TO_SAY:
            continue

        @settings(
            max_examples=15, deadline=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def answered(case: Any) -> None:
            # Who has no time at all is told so with 503, which is no fault of ours.
            case.headers.pop("X-Request-Timeout", None)
            case.call_and_validate(checks=CHECKS)

        answered()
