"""Split a long JSON list of requests into byte slices without parsing it.

Each slice can then be parsed by itself, so other requests are served in between. The JSON
libraries compared do not stop at the item limit: msgspec, which also finds raw items, needs 4 s
and 1.8 GB to reject 48 MB of ones as too many items.
"""

from __future__ import annotations

import re
from itertools import islice

STRING_PATTERN = rb'"(?:[^"\\]++|\\.){0,1000}+"'
"""A JSON string. The repetition is bounded, here and below, because one match holds the
interpreter lock until it ends."""

FLAT_CONTAINER_PATTERN = rb'[\[{](?:[^\[\]{}"]++|' + STRING_PATTERN + rb"){0,1000}+[\]}]"
"""A list or an object without nested containers, such as a row: skipped in one match."""

TOKEN_PATTERN = re.compile(
    FLAT_CONTAINER_PATTERN + b"|" + STRING_PATTERN + rb'|[\[\]{},"]', re.DOTALL
)
LIST_BEGIN_PATTERN = re.compile(rb'[ \t\n\r]*+\{[ \t\n\r]*+"requests"[ \t\n\r]*+:[ \t\n\r]*+\[')
BODY_END_PATTERN = re.compile(rb"[ \t\n\r]*+\}[ \t\n\r]*+")

MIN_BYTES_PER_TOKEN = 16
"""Minimum mean bytes between structural tokens. Real dossiers have about twice this; bodies made
mostly of brackets are given up early."""

OPENING_BRACKETS, CLOSING_BRACKETS, LIST_CLOSING_BRACKET = b"[{", b"]}", b"]"
UNBALANCED_SYMBOLS = b'}"'
"""A closing brace without an opening one, or the quote of an unterminated or very long string."""


def split_requests(body: bytes, max_items: int) -> list[slice] | None:
    """Return the slice of each item in `{"requests": [...]}`, or None if the body differs.

    The items are not validated: the body is valid JSON if every item is. None also means that
    the body has too many structural tokens for its length.

    >>> body = b'{"requests": [{"client_id": 1}, "}"]}'
    >>> [body[item] for item in split_requests(body, 2)]
    [b'{"client_id": 1}', b' "}"']

    Args:
        body: The request body.
        max_items: Number of items wanted. If there are more, one more slice is returned.
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
        if not symbol:  # a string or a flat container
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
