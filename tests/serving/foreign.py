"""A gRPC client that knows nothing but an address: all it says it learnt by reflection."""

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
KNOWN_TO_ALL = {kind.DESCRIPTOR.full_name: kind for kind in (BadRequest, RetryInfo)}
FRESH = (("grpc.use_local_subchannel_pool", 1),)

ONE_AT_A_TIME = threading.RLock()
"""Threads that read messages of one pool at once crash the process, in protobuf's own C."""


class Refused(Exception):
    """A call that ended with a status."""

    def __init__(self, code: grpc.StatusCode, details: Mapping[str, Any]) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details
        """By the name of their message."""

    @property
    def failure(self) -> Any:
        return self.details["Failure"]


class Foreigner:
    """Calls by name, with what JSON would hold."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self._open = (
            partial(grpc.secure_channel, address, credentials, FRESH)
            if credentials
            else partial(grpc.insecure_channel, address, FRESH)
        )
        self.channel = self._open()
        self._database = ProtoReflectionDescriptorDatabase(self.channel)
        self._pool = DescriptorPool(self._database)
        service = self._pool.FindServiceByName(SERVICE)
        self._methods = {method.name: method for method in service.methods}
        self._answers = {name: GetMessageClass(m.output_type) for name, m in self._methods.items()}

    def again(self) -> Self:
        """The same with a connection of its own; what reflection told is not asked for anew.

        For threads: protobuf crashes when several make pools of descriptions at once.
        """
        other = copy.copy(self)
        other.channel = self._open()
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    @property
    def services(self) -> list[str]:
        return list(self._database.get_services())

    def message(self, call: str, request: Mapping[str, Any]) -> Any:
        """What a call takes, said as over HTTP."""
        kind = GetMessageClass(self._methods[call].input_type)
        listed = request.get("requests")
        if listed is None:
            return ParseDict(_as_messages(request), kind(), descriptor_pool=self._pool)
        said = {"requests": [_as_messages(one) for one in listed]}
        return ParseDict(said, kind(), descriptor_pool=self._pool)

    def written(self, call: str, request: Mapping[str, Any]) -> bytes:
        made: bytes = self.message(call, request).SerializeToString()
        return made

    def call(self, call: str, request: Mapping[str, Any] | bytes, **how: Any) -> Any:
        """The answer of a call, as JSON would hold it."""
        [answer] = self.stream(call, request, **how)
        return answer

    def stream(self, call: str, request: Mapping[str, Any] | bytes, **how: Any) -> Iterator[Any]:
        body = request if isinstance(request, bytes) else self.written(call, request)
        try:
            for part in self.unread(call, body, **how):
                yield self.read(call, part)
        except grpc.RpcError as error:
            raise self.refused(error) from error

    def refused(self, error: grpc.RpcError) -> Refused:
        """What a call ended with, its details as JSON would hold them."""
        with ONE_AT_A_TIME:
            return Refused(error.code(), self._details(error))

    def unread(self, call: str, body: bytes, **how: Any) -> Iterator[bytes]:
        """The answers of a call as they came; for threads, which had better not read them.

        Raises:
            grpc.RpcError: it ended with a status.
        """
        method = self._methods[call]
        open_ = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        ask: Any = open_(f"/{SERVICE}/{call}")
        answer = ask(body, **{"timeout": 60, **how})
        yield from answer if method.server_streaming else [answer]

    def read(self, call: str, part: bytes) -> Any:
        """An answer as JSON would hold it."""
        with ONE_AT_A_TIME:
            return self._told(self._answers[call].FromString(part))

    def _details(self, error: grpc.RpcError) -> dict[str, Any]:
        status = from_call(error)
        told = {}
        for packed in status.details if status else ():
            name = packed.TypeName()
            kind = KNOWN_TO_ALL.get(name) or GetMessageClass(
                self._pool.FindMessageTypeByName(name)
            )
            message = kind.FromString(packed.value)
            told[name.rpartition(".")[2]] = self._told(message)
        return told

    def _told(self, message: Any) -> Any:
        return MessageToDict(
            message,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
            descriptor_pool=self._pool,
        )


def _as_messages(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request as HTTP takes it, in the shape of the messages."""
    said = dict(request)
    if "dossier" in said:
        said["dossier"] = {
            name: _known(part) if isinstance(part, dict) else {"rows": [_known(r) for r in part]}
            for name, part in said["dossier"].items()
            if part is not None
        }
    if "changes" in said:
        changes = said.pop("changes")
        said["changes_to_unknown"] = [name for name, value in changes.items() if value is None]
        said["changes"] = _known(changes)
    return said


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: repr(value).replace("nan", "NaN").replace("inf", "Infinity")
        if isinstance(value, float) and not math.isfinite(value)
        else value
        for name, value in row.items()
        if value is not None
    }
