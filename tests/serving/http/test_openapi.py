"""Requests that the OpenAPI document describes get the answers it describes, never a 5xx."""

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

PATH_WITHOUT_PARAMETERS = "/v1/model"
"""Takes no input, so there is no invalid input either."""


@pytest.mark.parametrize("mode", GenerationMode)
def test_requests_are_answered_as_described(service: RunningService, mode: GenerationMode) -> None:
    described: Any = schemathesis.openapi.from_url(f"{service.url}/docs.json")
    operations = [result.ok() for result in described.get_all_operations()]
    assert {"/predict", PATH_WITHOUT_PARAMETERS} < {operation.path for operation in operations}
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and operation.path == PATH_WITHOUT_PARAMETERS:
            continue

        @settings(
            max_examples=15, deadline=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def check_answer(case: Any) -> None:
            # A time limit near zero is answered with 503, which is not an error of the service.
            case.headers.pop("X-Request-Timeout", None)
            case.call_and_validate(checks=CHECKS)

        check_answer()
