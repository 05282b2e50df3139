"""The items of a long list in JSON, found without reading them: each can be read by itself.

No library that was looked at stops at the thousandth: msgspec, which finds raw items, takes 4 s
and 1.8 GB for 48 MB of ones before it says that they are too many, and nobody else gets on.
"""

from __future__ import annotations

import re
from itertools import islice

STRING_PATTERN = rb'"(?:[^"\\]++|\\.){0,1000}+"'
"""No longer than that, nor is what follows: while something is matched, nobody else gets on."""

FLAT_CONTAINER_PATTERN = rb'[\[{](?:[^\[\]{}"]++|' + STRING_PATTERN + rb"){0,1000}+[\]}]"
"""A list or an object with nothing inside it, such as a row: passed over in one go."""

TOKEN_PATTERN = re.compile(
    FLAT_CONTAINER_PATTERN + b"|" + STRING_PATTERN + rb'|[\[\]{},"]', re.DOTALL
)
LIST_BEGIN_PATTERN = re.compile(rb'[ \t\n\r]*+\{[ \t\n\r]*+"requests"[ \t\n\r]*+:[ \t\n\r]*+\[')
BODY_END_PATTERN = re.compile(rb"[ \t\n\r]*+\}[ \t\n\r]*+")

MIN_BYTES_PER_TOKEN = 16
"""Between what is looked at, on average: twice as many lie between the rows of real dossiers, and
nobody is to be looked through for long who is nothing but brackets."""

OPENING_BRACKETS, CLOSING_BRACKETS, LIST_CLOSING_BRACKET = b"[{", b"]}", b"]"
UNBALANCED_SYMBOLS = b'}"'
"""An end of nothing that began; a very long string, or one without an end."""


def split_requests(body: bytes, max_items: int) -> list[slice] | None:
    """Where the items of `{"requests": [...]}` stand; None where the body is not plainly that.

    If every item is JSON, the body is.

    >>> body = b'{"requests": [{"client_id": 1}, "}"]}'
    >>> [body[place] for place in items(body, 2)]
    [b'{"client_id": 1}', b' "}"']

    Args:
        most: Items that are wanted; of more than that, one more is found.
    """
    list_begin = LIST_BEGIN_PATTERN.match(body)
    if list_begin is None:
        return None
    slices: list[slice] = []
    start, depth = list_begin.end(), 0
    for token in islice(
        TOKEN_PATTERN.finditer(body, start), len(body) // MIN_BYTES_PER_TOKEN + max_items
    ):
        token_start, end = token.span()
        symbol = body[token_start:end] if end == token_start + 1 else b""
        if not symbol:  # something whole
            continue
        if symbol in OPENING_BRACKETS:
            depth += 1
        elif symbol in CLOSING_BRACKETS and depth:
            depth -= 1
        elif symbol in UNBALANCED_SYMBOLS:
            return None
        elif not depth:
            slices.append(slice(start, token_start))
            start = end
            if symbol == LIST_CLOSING_BRACKET:
                return _check_body_end(body, slices, end)
            if len(slices) > max_items:
                return slices
    return None


def _check_body_end(body: bytes, slices: list[slice], end: int) -> list[slice] | None:
    if not BODY_END_PATTERN.fullmatch(body, end):
        return None
    return [] if len(slices) == 1 and not body[slices[0]].strip() else slices
