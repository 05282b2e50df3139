"""Call gRPC methods without generated stubs: get their types from the server by reflection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVICE_NAME = "credit.scoring.v1.CreditScoring"


@dataclass(frozen=True, kw_only=True)
class ReflectedMethod:
    """A unary method as described by its server."""

    path: str
    make_request: Callable[..., Any]
    """Builds a request message from its fields."""
    parse_response: Callable[[bytes], Any]
    """Parses a response message."""

    def bind(self, channel: Any) -> Callable[..., Any]:
        """Return a function that calls the method on a channel, blocking or asyncio."""
        return channel.unary_unary(  # type: ignore[no-any-return]
            self.path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.parse_response,
        )


def reflect_method(channel: grpc.Channel, name: str) -> ReflectedMethod:
    """Fetch the description of a method of the scoring service.

    Raises:
        KeyError: The server has no such service or method.
    """
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    descriptor = pool.FindServiceByName(SERVICE_NAME).methods_by_name[name]
    return ReflectedMethod(
        path=f"/{SERVICE_NAME}/{name}",
        make_request=GetMessageClass(descriptor.input_type),
        parse_response=GetMessageClass(descriptor.output_type).FromString,
    )
