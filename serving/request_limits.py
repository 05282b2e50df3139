"""Limits on requests, and parsing that does not block the event loop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from credit.errors import Fault, InvalidDossier
from serving.errors import Overloaded

Parsed = TypeVar("Parsed")

MAX_PREDICT_MANY_BYTES = 48 * 2**20
"""Body of a call with 1,000 requests: 1.5 times the size of 1,000 real dossiers."""

MAX_INLINE_PARSE_BYTES = 128 * 2**10
"""Body parsed in the event loop. It takes about 2 ms, less than a hand-over to a thread."""

MAX_HELD_BODY_BYTES = 96 * 2**20
"""Large bodies that one worker holds at once: two calls with 1,000 dossiers each. Once parsed,
they take several times this memory."""

IDEMPOTENCY_KEY_HEADER = "idempotency-key"
"""HTTP header and gRPC metadata key: the same value returns the same decision."""

IDEMPOTENCY_KEY_PATTERN = re.compile(r"[ -~]{1,200}")
"""Printable ASCII, which every ledger stores and every log shows."""


class MemoryBudget:
    """Memory for large bodies while they are parsed and decided. Small bodies are not counted."""

    def __init__(self, max_bytes: int) -> None:
        self._available = max_bytes

    @contextmanager
    def reserve(self, size: int = 0) -> Iterator[Callable[[int], None]]:
        """Reserve memory for a body until the block ends.

        Args:
            size: Bytes of the body, if they are known.

        Yields:
            A function that reserves more bytes.

        Raises:
            Overloaded: Other bodies use the memory; it is free again soon.
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
    """Parse a body, a large one in a thread.

    The parser holds the interpreter lock while it parses one request, so the size of a request is
    limited. Between two requests of a long call, other calls continue.
    """
    return (
        parse(body)
        if len(body) <= MAX_INLINE_PARSE_BYTES
        else await asyncio.to_thread(parse, body)
    )


def validate_idempotency_key(key: str | None) -> str | None:
    """Return an idempotency key, if there is one, unchanged.

    Raises:
        InvalidDossier: The key is empty, too long, or not printable ASCII.
    """
    if key is not None and not IDEMPOTENCY_KEY_PATTERN.fullmatch(key):
        raise InvalidDossier(
            [Fault(IDEMPOTENCY_KEY_HEADER, key, "1 to 200 printable ASCII characters")]
        )
    return key


def reject_idempotency_key(key: str | None) -> None:
    """Reject a key, even an empty one, on a call with many requests.

    Raises:
        InvalidDossier: There is a key.
    """
    if key is not None:
        raise InvalidDossier(
            [Fault(IDEMPOTENCY_KEY_HEADER, key, "none: it is for a single decision")]
        )
