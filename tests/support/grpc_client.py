"""A gRPC client that knows only an address: it learns the contract by server reflection."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Self

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status.rpc_status import from_call

SERVICE = "credit.scoring.v1.CreditScoring"
STANDARD_DETAILS = {kind.DESCRIPTOR.full_name: kind for kind in (BadRequest, RetryInfo)}
CHANNEL_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)

PROTOBUF_LOCK = threading.RLock()
"""Protobuf's C code crashes when threads decode messages of one descriptor pool at once."""


class CallRejected(Exception):
    """A call ended with an error status."""

    def __init__(self, code: grpc.StatusCode, details: Mapping[str, Any]) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details
        """By message name."""

    @property
    def failure(self) -> Any:
        return self.details["Failure"]


class ReflectionClient:
    """Calls methods by name, with requests and answers as JSON has them."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self._open_channel = (
            partial(grpc.secure_channel, address, credentials, CHANNEL_OPTIONS)
            if credentials
            else partial(grpc.insecure_channel, address, CHANNEL_OPTIONS)
        )
        self.channel = self._open_channel()
        self._database = ProtoReflectionDescriptorDatabase(self.channel)
        self._pool = DescriptorPool(self._database)
        service = self._pool.FindServiceByName(SERVICE)
        self._methods = {method.name: method for method in service.methods}
        self._response_types = {
            name: GetMessageClass(method.output_type) for name, method in self._methods.items()
        }

    def open_another(self) -> Self:
        """Return a client with its own connection that shares the reflected descriptors.

        For threads: protobuf crashes when several build descriptor pools at once.
        """
        client = copy.copy(self)
        client.channel = self._open_channel()
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    @property
    def services(self) -> list[str]:
        return list(self._database.get_services())

    def build_message(self, method: str, request: Mapping[str, Any]) -> Any:
        """Convert a request from its HTTP form to the method's message."""
        message = GetMessageClass(self._methods[method].input_type)()
        requests = request.get("requests")
        content = (
            _to_message_json(request)
            if requests is None
            else {"requests": [_to_message_json(item) for item in requests]}
        )
        return ParseDict(content, message, descriptor_pool=self._pool)

    def serialize(self, method: str, request: Mapping[str, Any]) -> bytes:
        body: bytes = self.build_message(method, request).SerializeToString()
        return body

    def call(self, method: str, request: Mapping[str, Any] | bytes, **options: Any) -> Any:
        """Return the answer of a call as JSON has it."""
        [answer] = self.stream(method, request, **options)
        return answer

    def stream(
        self, method: str, request: Mapping[str, Any] | bytes, **options: Any
    ) -> Iterator[Any]:
        body = request if isinstance(request, bytes) else self.serialize(method, request)
        try:
            for part in self.call_raw(method, body, **options):
                yield self.decode(method, part)
        except grpc.RpcError as error:
            raise self.read_error(error) from error

    def read_error(self, error: grpc.RpcError) -> CallRejected:
        """Decode the status of a failed call, its details as JSON has them."""
        with PROTOBUF_LOCK:
            return CallRejected(error.code(), self._decode_details(error))

    def call_raw(self, method: str, body: bytes, **options: Any) -> Iterator[bytes]:
        """Yield the answers of a call as bytes; threads decode them afterwards.

        Raises:
            grpc.RpcError: The call ended with an error status.
        """
        is_stream = self._methods[method].server_streaming
        create_callable = self.channel.unary_stream if is_stream else self.channel.unary_unary
        send: Any = create_callable(f"/{SERVICE}/{method}")
        answer = send(body, **{"timeout": 60, **options})
        yield from answer if is_stream else [answer]

    def decode(self, method: str, part: bytes) -> Any:
        """Return an answer as JSON has it."""
        with PROTOBUF_LOCK:
            return self._to_json(self._response_types[method].FromString(part))

    def _decode_details(self, error: grpc.RpcError) -> dict[str, Any]:
        status = from_call(error)
        details = {}
        for packed in status.details if status else ():
            name = packed.TypeName()
            message_type = STANDARD_DETAILS.get(name) or GetMessageClass(
                self._pool.FindMessageTypeByName(name)
            )
            message = message_type.FromString(packed.value)
            details[name.rpartition(".")[2]] = self._to_json(message)
        return details

    def _to_json(self, message: Any) -> Any:
        return MessageToDict(
            message,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
            descriptor_pool=self._pool,
        )


def _to_message_json(request: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a request from its HTTP form to the JSON form of the message."""
    content = dict(request)
    if "dossier" in content:
        content["dossier"] = {
            name: _drop_unknown(part)
            if isinstance(part, dict)
            else {"rows": [_drop_unknown(row) for row in part]}
            for name, part in content["dossier"].items()
            if part is not None
        }
    if "changes" in content:
        changes = content.pop("changes")
        content["changes_to_unknown"] = [name for name, value in changes.items() if value is None]
        content["changes"] = _drop_unknown(changes)
    return content


def _drop_unknown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: repr(value).replace("nan", "NaN").replace("inf", "Infinity")
        if isinstance(value, float) and not math.isfinite(value)
        else value
        for name, value in row.items()
        if value is not None
    }
