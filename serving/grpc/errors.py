"""Report errors over gRPC: the same error object as over HTTP, in a gRPC status."""

from __future__ import annotations

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status

from serving.errors import error_payload, get_retry_after_seconds
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb

GRPC_STATUS_BY_CODE = {
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
"""Status by error code. Any other error is internal: INTERNAL."""

MAX_STATUS_BYTES = 5_000
"""Size of a status. It is sent in the trailing metadata, which clients limit to 8 kB."""


def build_failure_message(error: BaseException) -> pb.Failure:
    """Return the error object that callers receive."""
    error_object = error_payload(error)["error"]
    message = pb.Failure(code=error_object["code"], message=error_object["message"])
    for fault in error_object["faults"]:
        fault_message = message.faults.add(where=fault["where"], expected=fault["expected"])
        _set_got(fault_message, fault["got"])
    return message


def build_grpc_status(error: BaseException) -> grpc.Status:
    """Return the status of a failed call with its details.

    Faults that do not fit into a status are dropped; the message still counts them.
    """
    problem = build_failure_message(error)
    code = GRPC_STATUS_BY_CODE.get(problem.code, grpc.StatusCode.INTERNAL)
    code_number: int = code.value[0]
    rpc_status = _build_rpc_status(code_number, problem, error)
    while rpc_status.ByteSize() > MAX_STATUS_BYTES:
        del problem.faults[len(problem.faults) // 2 :]
        rpc_status = _build_rpc_status(code_number, problem, error)
    grpc_status: grpc.Status = to_status(rpc_status)
    return grpc_status


def _build_rpc_status(code: int, problem: pb.Failure, error: BaseException) -> Status:
    status = Status(code=code, message=problem.message)
    details: list[Message] = [problem]
    if problem.faults:
        violations = [
            BadRequest.FieldViolation(field=f.where, description=f"expected {f.expected}")
            for f in problem.faults
        ]
        details.append(BadRequest(field_violations=violations))
    if seconds := get_retry_after_seconds(error):
        details.append(RetryInfo(retry_delay=Duration(seconds=seconds)))
    for detail in details:
        packed_detail = Packed()
        packed_detail.Pack(detail)
        status.details.append(packed_detail)
    return status


def _set_got(fault: pb.Fault, got: object) -> None:
    if got is None:
        fault.got.null_value = 0  # type: ignore[assignment]
    elif isinstance(got, bool):
        fault.got.bool_value = got
    elif isinstance(got, (int, float)):
        fault.got.number_value = got
    else:
        fault.got.string_value = str(got)
