"""What came through a door, read: without holding up the others where it is long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from credit.errors import Fault, InvalidDossier
from serving.errors import Overloaded
from stores.ledger.store import digest

Read = TypeVar("Read")

SHORT = 128 * 2**10
"""Bytes that are read at once, within some 2 ms: sooner than a thread could take them over."""

MOST_HELD = 96 * 2**20
"""Bytes of long bodies that one worker holds at once: two calls of a thousand dossiers each, and
several times that once they are read."""

KEY = "idempotency-key"
"""The header, and the metadata, that names a request: the same key answers the same decision."""

KEYS = re.compile(r"[ -~]{1,200}")
"""Printable ASCII: what every ledger keeps and every log shows."""


class Room:
    """What long bodies lie in while they are read and judged. Short ones take nothing of it."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextmanager
    def taken(self, size: int = 0) -> Iterator[Callable[[int], None]]:
        """Room for some bytes, until the block ends, and a way to take more.

        Raises:
            Overloaded: others have it; they will not need it for long.
        """
        mine = 0

        def take(more: int) -> None:
            nonlocal mine
            if more > self._left:
                raise Overloaded(1)
            self._left -= more
            mine += more

        try:
            take(size if size > SHORT else 0)
            yield take
        finally:
            self._left += mine


ROOM = Room(MOST_HELD)


async def read_beside(read: Callable[[bytes], Read], body: bytes) -> Read:
    """What some reading makes of a body; of a long one in a thread, beside other requests.

    One request is parsed in one go all the same, during which nothing else runs: that is what
    bounds its size. Between two of many, the others get on.
    """
    return read(body) if len(body) <= SHORT else await asyncio.to_thread(read, body)


def stamped(read: Callable[[bytes], Read], kind: str) -> Callable[[bytes], tuple[Read, bytes]]:
    """Some reading of a body, and the digest that tells the call from another."""
    return lambda body: (read(body), digest(kind, body))


def read_key(said: str | None) -> str | None:
    """The key of a request.

    Raises:
        InvalidDossier: it is empty, too long, or has characters that are no printable ASCII.
    """
    if said is not None and not KEYS.fullmatch(said):
        raise InvalidDossier([Fault(KEY, said, "1 to 200 printable ASCII characters")])
    return said


def refuse_key(said: str | None) -> None:
    """Many requests have no key.

    Raises:
        InvalidDossier: they have.
    """
    if said is not None:
        raise InvalidDossier([Fault(KEY, said, "none: it is for a single decision")])
