"""What came through a door, read: without holding up the others where it is long."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

from credit.errors import Fault, InvalidDossier

Read = TypeVar("Read")

SHORT = 64 * 2**10
"""Bytes that are read at once: sooner than a thread could take them over."""

KEY = "idempotency-key"
"""The header, and the metadata, that names a request: the same key answers the same decision."""

KEYS = re.compile(r"[ -~]{1,200}")
"""Printable ASCII: what every ledger keeps and every log shows."""


async def read_beside(read: Callable[[bytes], Read], body: bytes) -> Read:
    """What some reading makes of a body; of a long one in a thread, beside other requests.

    One request is parsed in one go all the same, during which nothing else runs: that is what
    bounds its size. Between two of many, the others get on.
    """
    return read(body) if len(body) <= SHORT else await asyncio.to_thread(read, body)


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
