"""A gRPC caller that was given no stubs: all it knows it asks the server, by reflection."""

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

SERVICE = "credit.scoring.v1.CreditScoring"


@dataclass(frozen=True, kw_only=True)
class Method:
    """A unary method as its server describes it."""

    path: str
    request: Callable[..., Any]
    """Makes a request of its fields."""
    read: Callable[[bytes], Any]
    """Reads an answer."""

    def on(self, channel: Any) -> Callable[..., Any]:
        """The call on a channel, blocking or of asyncio."""
        return channel.unary_unary(  # type: ignore[no-any-return]
            self.path,
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.read,
        )


def method(channel: grpc.Channel, name: str) -> Method:
    """A method of the scoring service, described by the server itself.

    Raises:
        KeyError: the server knows no such service or method.
    """
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    described = pool.FindServiceByName(SERVICE).methods_by_name[name]
    return Method(
        path=f"/{SERVICE}/{name}",
        request=GetMessageClass(described.input_type),
        read=GetMessageClass(described.output_type).FromString,
    )
