"""The items of a long list in JSON, found without reading them: each can be read by itself.

No library that was looked at stops at the thousandth: msgspec, which finds raw items, takes 4 s
and 1.8 GB for 48 MB of ones before it says that they are too many, and nobody else gets on.
"""

from __future__ import annotations

import re
from itertools import islice

STRING = rb'"(?:[^"\\]++|\\.){0,1000}+"'
"""No longer than that, nor is what follows: while something is matched, nobody else gets on."""

FLAT = rb'[\[{](?:[^\[\]{}"]++|' + STRING + rb"){0,1000}+[\]}]"
"""A list or an object with nothing inside it, such as a row: passed over in one go."""

TOKEN = re.compile(FLAT + b"|" + STRING + rb'|[\[\]{},"]', re.DOTALL)
BEGIN = re.compile(rb'[ \t\n\r]*+\{[ \t\n\r]*+"requests"[ \t\n\r]*+:[ \t\n\r]*+\[')
END = re.compile(rb"[ \t\n\r]*+\}[ \t\n\r]*+")

LEAST_BYTES = 16
"""Between what is looked at, on average: twice as many lie between the rows of real dossiers, and
nobody is to be looked through for long who is nothing but brackets."""

OPENING, CLOSING, LAST = b"[{", b"]}", b"]"
ODD = b'}"'
"""An end of nothing that began; a very long string, or one without an end."""


def items(body: bytes, most: int) -> list[slice] | None:
    """Where the items of `{"requests": [...]}` stand; None where the body is not plainly that.

    If every item is JSON, the body is.

    >>> body = b'{"requests": [{"client_id": 1}, "}"]}'
    >>> [body[place] for place in items(body, 2)]
    [b'{"client_id": 1}', b' "}"']

    Args:
        most: Items that are wanted; of more than that, one more is found.
    """
    begin = BEGIN.match(body)
    if begin is None:
        return None
    found: list[slice] = []
    start, depth = begin.end(), 0
    for token in islice(TOKEN.finditer(body, start), len(body) // LEAST_BYTES + most):
        place, end = token.span()
        mark = body[place:end] if end == place + 1 else b""
        if not mark:  # something whole
            continue
        if mark in OPENING:
            depth += 1
        elif mark in CLOSING and depth:
            depth -= 1
        elif mark in ODD:
            return None
        elif not depth:
            found.append(slice(start, place))
            start = end
            if mark == LAST:
                return _up_to_the_end(body, found, end)
            if len(found) > most:
                return found
    return None


def _up_to_the_end(body: bytes, found: list[slice], end: int) -> list[slice] | None:
    if not END.fullmatch(body, end):
        return None
    return [] if len(found) == 1 and not body[found[0]].strip() else found
