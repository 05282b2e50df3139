"""What came through a door, read: without holding up the others where it is long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from credit.errors import Fault, InvalidDossier
from serving.errors import Overloaded
from stores.ledger.store import digest_request

Parsed = TypeVar("Parsed")

MAX_INLINE_PARSE_BYTES = 128 * 2**10
"""Bytes that are read at once, within some 2 ms: sooner than a thread could take them over."""

MAX_HELD_BODY_BYTES = 96 * 2**20
"""Bytes of long bodies that one worker holds at once: two calls of a thousand dossiers each, and
several times that once they are read."""

IDEMPOTENCY_KEY_HEADER = "idempotency-key"
"""The header, and the metadata, that names a request: the same key answers the same decision."""

IDEMPOTENCY_KEY_PATTERN = re.compile(r"[ -~]{1,200}")
"""Printable ASCII: what every ledger keeps and every log shows."""


class MemoryBudget:
    """What long bodies lie in while they are read and judged. Short ones take nothing of it."""

    def __init__(self, max_bytes: int) -> None:
        self._available = max_bytes

    @contextmanager
    def reserve(self, size: int = 0) -> Iterator[Callable[[int], None]]:
        """Room for some bytes, until the block ends, and a way to take more.

        Raises:
            Overloaded: others have it; they will not need it for long.
        """
        reserved = 0

        def reserve_more(n_bytes: int) -> None:
            nonlocal reserved
            if n_bytes > self._available:
                raise Overloaded(1)
            self._available -= n_bytes
            reserved += n_bytes

        try:
            reserve_more(size if size > MAX_INLINE_PARSE_BYTES else 0)
            yield reserve_more
        finally:
            self._available += reserved


BODY_BUDGET = MemoryBudget(MAX_HELD_BODY_BYTES)


async def parse_off_loop(parse: Callable[[bytes], Parsed], body: bytes) -> Parsed:
    """What some reading makes of a body; of a long one in a thread, beside other requests.

    One request is parsed in one go all the same, during which nothing else runs: that is what
    bounds its size. Between two of many, the others get on.
    """
    return (
        parse(body)
        if len(body) <= MAX_INLINE_PARSE_BYTES
        else await asyncio.to_thread(parse, body)
    )


def with_digest(
    parse: Callable[[bytes], Parsed], kind: str
) -> Callable[[bytes], tuple[Parsed, bytes]]:
    """Some reading of a body, and the digest that tells the call from another."""
    return lambda body: (parse(body), digest_request(kind, body))


def validate_idempotency_key(key: str | None) -> str | None:
    """The key of a request.

    Raises:
        InvalidDossier: it is empty, too long, or has characters that are no printable ASCII.
    """
    if key is not None and not IDEMPOTENCY_KEY_PATTERN.fullmatch(key):
        raise InvalidDossier(
            [Fault(IDEMPOTENCY_KEY_HEADER, key, "1 to 200 printable ASCII characters")]
        )
    return key


def reject_idempotency_key(key: str | None) -> None:
    """Many requests have no key.

    Raises:
        InvalidDossier: they have.
    """
    if key is not None:
        raise InvalidDossier(
            [Fault(IDEMPOTENCY_KEY_HEADER, key, "none: it is for a single decision")]
        )
