"""Format the parameters file."""

from __future__ import annotations

import json

MAX_INLINE_LISTS = 60
"""Lists of more lists than this are written line by line."""


def format_parameters(parameters: object) -> str:
    """Format parameters as readable JSON: nested objects are indented, number lists are one line.

    >>> curve = {"knots": [1, 2], "log_odds": [0.1, -0.1]}
    >>> print(format_parameters({"rate": 0.08, "curve": curve}), end="")
    {
     "rate": 0.08,
     "curve": {
      "knots": [1,2],
      "log_odds": [0.1,-0.1]
     }
    }
    """
    return _format_value(parameters, "") + "\n"


def _format_value(value: object, indent: str) -> str:
    inner_indent = indent + " "
    match value:
        case dict() if any(isinstance(item, dict | list) for item in value.values()):
            lines = [
                f"{inner_indent}{json.dumps(k)}: {_format_value(v, inner_indent)}"
                for k, v in value.items()
            ]
            return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
        case [list(), *_] if len(value) > MAX_INLINE_LISTS:
            return (
                "[\n"
                + ",\n".join(inner_indent + _format_line(item) for item in value)
                + f"\n{indent}]"
            )
        case _:
            return _format_line(value)


def _format_line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
