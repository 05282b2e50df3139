"""The dossier as protobuf messages, written from the schema: nothing is declared twice.

A field keeps its number for good: those of the last file are read, new columns follow, and the
numbers of columns that went stay reserved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap

from credit.schema import APPLICATION, HISTORIES, Column, Kind, Table

HEAD = """\
// A client's dossier, written from credit/schema by `python -m serving.proto`. Do not edit.
//
// A field that is absent is unknown. A history that is absent is unknown too; one that is present
// without rows is known to be empty.
syntax = "proto3";

package credit.scoring.v1;
"""

TYPES = {
    Kind.ID: "int64",
    Kind.NUMBER: "double",
    Kind.INTEGER: "sint64",
    Kind.FLAG: "sint64",
    Kind.YES_NO: "string",
    Kind.CATEGORY: "string",
}

Numbers = Mapping[str, Mapping[str, int]]
"""Message, then field, to number."""

FIELD = re.compile(r"^  [\w ]+ (\w+) = (\d+)")
RESERVED = re.compile(r"^  reserved (\d+);  // (\w+)")
MESSAGE = re.compile(r"^message (\w+) ")


def message_of(table: Table) -> str:
    """What a row of a table is called.

    >>> message_of(HISTORIES["POS_CASH_balance"])
    'PosCashBalance'
    """
    return "".join(word.capitalize() for word in table.name.split("_"))


def numbers(text: str) -> Numbers:
    """The numbers that an earlier file gave away."""
    found: dict[str, dict[str, int]] = {}
    fields: dict[str, int] = {}
    for line in text.splitlines():
        if started := MESSAGE.match(line):
            fields = found.setdefault(started[1], {})
        elif field := FIELD.match(line):
            fields[field[1]] = int(field[2])
        elif gone := RESERVED.match(line):
            fields[gone[2]] = int(gone[1])
    return found


def written(tables: Mapping[str, Table], given: Numbers) -> str:
    """The file for some tables, with the numbers that were given before."""
    parts = [HEAD]
    histories = []
    for table in tables.values():
        row = message_of(table)
        parts.append(_message(row, table.meaning, map(_column, table.columns.values()), given))
        if table.name != APPLICATION.name:
            rows = [("Newest first or not: their order never matters", f"repeated {row}", "rows")]
            parts.append(_message(f"{row}Rows", f"Known rows of {table.name}", rows, given))
            histories.append((table.meaning, f"{row}Rows", table.name))
    fields = [(APPLICATION.meaning, message_of(APPLICATION), APPLICATION.name), *histories]
    parts.append(_message("Dossier", "All that is known of one client", fields, given))
    return "\n".join(parts)


def dossier_proto(text: str) -> str:
    """The file for the schema of today, after an earlier one."""
    return written({APPLICATION.name: APPLICATION, **HISTORIES}, numbers(text))


_Field = tuple[str, str, str]
"""Comment, type, name."""


def _column(column: Column) -> _Field:
    what = column.expected().removesuffix(", or null")
    says = "".join(f" {word} says: {said}." for word, said in column.sentinels.items())
    comment = f"{column.meaning}: {what}. Unit: {column.unit}.{says}"
    return comment, f"optional {TYPES[column.kind]}", column.name


def _message(name: str, meaning: str, fields: Iterable[_Field], given: Numbers) -> str:
    taken = dict(given.get(name, {}))
    lines = [f"// {meaning}.", f"message {name} {{"]
    written_now = set()
    for comment, kind, field in fields:
        number = taken.setdefault(field, max(taken.values(), default=0) + 1)
        written_now.add(field)
        lines += _comment(comment)
        # Names are the wire format's; JSON would make AMTCREDIT of AMT_CREDIT.
        lines.append(f'  {kind} {field} = {number} [json_name = "{field}"];')
    lines += [f"  reserved {taken[gone]};  // {gone}" for gone in taken if gone not in written_now]
    return "\n".join([*lines, "}", ""])


def _comment(text: str) -> Iterator[str]:
    return (f"  // {line}" for line in wrap(text, 94))
