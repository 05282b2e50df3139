"""How the domain's errors are told over gRPC: the same words as over HTTP, in its own status."""

from __future__ import annotations

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status

from serving.errors import retry_after, told
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb

CODES = {
    "invalid-request": grpc.StatusCode.INVALID_ARGUMENT,
    "not-protobuf": grpc.StatusCode.INVALID_ARGUMENT,
    "unknown-client": grpc.StatusCode.NOT_FOUND,
    "idempotency-key-reused": grpc.StatusCode.ALREADY_EXISTS,
    "model-replaced": grpc.StatusCode.FAILED_PRECONDITION,
    "overloaded": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "ledger-unavailable": grpc.StatusCode.UNAVAILABLE,
    "body-too-large": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "deadline-exceeded": grpc.StatusCode.DEADLINE_EXCEEDED,
}
"""gRPC's word for a code. What is not listed is our own fault: INTERNAL."""

LARGEST_STATUS = 5_000
"""Bytes: clients refuse trailing metadata above 8 kB, and a status travels there."""


def failure(error: BaseException) -> pb.Failure:
    """The error as callers see it."""
    problem = told(error)["error"]
    message = pb.Failure(code=problem["code"], message=problem["message"])
    for fault in problem["faults"]:
        added = message.faults.add(where=fault["where"], expected=fault["expected"])
        _put(added, fault["got"])
    return message


def status(error: BaseException) -> grpc.Status:
    """The status of a call that failed, with its details."""
    problem = failure(error)
    code = CODES.get(problem.code, grpc.StatusCode.INTERNAL)
    number: int = code.value[0]
    full = _status(number, problem, error)
    while full.ByteSize() > LARGEST_STATUS:  # the message still counts them all
        del problem.faults[len(problem.faults) // 2 :]
        full = _status(number, problem, error)
    made: grpc.Status = to_status(full)
    return made


def _status(code: int, problem: pb.Failure, error: BaseException) -> Status:
    status = Status(code=code, message=problem.message)
    details: list[Message] = [problem]
    if problem.faults:
        violations = [
            BadRequest.FieldViolation(field=f.where, description=f"expected {f.expected}")
            for f in problem.faults
        ]
        details.append(BadRequest(field_violations=violations))
    if seconds := retry_after(error):
        details.append(RetryInfo(retry_delay=Duration(seconds=seconds)))
    for detail in details:
        packed = Packed()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _put(fault: pb.Fault, got: object) -> None:
    if got is None:
        fault.got.null_value = 0  # type: ignore[assignment]
    elif isinstance(got, bool):
        fault.got.bool_value = got
    elif isinstance(got, (int, float)):
        fault.got.number_value = got
    else:
        fault.got.string_value = str(got)
