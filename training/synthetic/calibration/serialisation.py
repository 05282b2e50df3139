"""How the parameters are written down."""

from __future__ import annotations

import json

LONG = 60
"""Lists of more lists than this are set out line by line."""


def written(parameters: object) -> str:
    """The parameters as text for people: what has parts is set out, a list of numbers is one line.

    >>> print(written({"rate": 0.08, "curve": {"knots": [1, 2], "log_odds": [0.1, -0.1]}}), end="")
    {
     "rate": 0.08,
     "curve": {
      "knots": [1,2],
      "log_odds": [0.1,-0.1]
     }
    }
    """
    return _set_out(parameters, "") + "\n"


def _set_out(value: object, indent: str) -> str:
    deeper = indent + " "
    match value:
        case dict() if any(isinstance(part, dict | list) for part in value.values()):
            lines = [f"{deeper}{json.dumps(k)}: {_set_out(v, deeper)}" for k, v in value.items()]
            return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
        case [list(), *_] if len(value) > LONG:
            return "[\n" + ",\n".join(deeper + _line(part) for part in value) + f"\n{indent}]"
        case _:
            return _line(value)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
