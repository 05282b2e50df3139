"""Generate the protobuf messages of a dossier from the schema.

A field keeps its number for ever: the numbers of the previous file are reused, new columns get
the next numbers, and the numbers of removed columns stay reserved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap

from credit.schema import APPLICATION, HISTORIES, Column, ColumnKind, Table

FILE_HEADER = """\
// A client's dossier, generated from credit/schema by `python -m serving.proto`. Do not edit.
//
// A field that is absent is unknown. A history that is absent is unknown too; one that is present
// without rows is known to be empty.
syntax = "proto3";

package credit.scoring.v1;
"""

PROTO_TYPES = {
    ColumnKind.ID: "int64",
    ColumnKind.NUMBER: "double",
    ColumnKind.INTEGER: "sint64",
    ColumnKind.FLAG: "sint64",
    ColumnKind.YES_NO: "string",
    ColumnKind.CATEGORY: "string",
}

FieldNumbers = Mapping[str, Mapping[str, int]]
"""Field number by message and field name."""

FIELD_PATTERN = re.compile(r"^  [\w ]+ (\w+) = (\d+)")
RESERVED_PATTERN = re.compile(r"^  reserved (\d+);  // (\w+)")
MESSAGE_PATTERN = re.compile(r"^message (\w+) ")


def get_message_name(table: Table) -> str:
    """Return the message name of a table's rows.

    >>> get_message_name(HISTORIES["POS_CASH_balance"])
    'PosCashBalance'
    """
    return "".join(name_part.capitalize() for name_part in table.name.split("_"))


def parse_field_numbers(text: str) -> FieldNumbers:
    """Read the field numbers of an earlier file, including reserved ones."""
    numbers_by_message: dict[str, dict[str, int]] = {}
    fields: dict[str, int] = {}
    for line in text.splitlines():
        if message_match := MESSAGE_PATTERN.match(line):
            fields = numbers_by_message.setdefault(message_match[1], {})
        elif field_match := FIELD_PATTERN.match(line):
            fields[field_match[1]] = int(field_match[2])
        elif reserved_match := RESERVED_PATTERN.match(line):
            fields[reserved_match[2]] = int(reserved_match[1])
    return numbers_by_message


def render_proto(tables: Mapping[str, Table], field_numbers: FieldNumbers) -> str:
    """Render the .proto file of some tables, with the field numbers of an earlier file."""
    parts = [FILE_HEADER]
    histories = []
    for table in tables.values():
        row_message = get_message_name(table)
        parts.append(
            _render_message(
                row_message, table.meaning, map(_to_field, table.columns.values()), field_numbers
            )
        )
        if table.name != APPLICATION.name:
            rows = [
                (
                    "In any order",
                    f"repeated {row_message}",
                    "rows",
                )
            ]
            parts.append(
                _render_message(
                    f"{row_message}Rows", f"Known rows of {table.name}", rows, field_numbers
                )
            )
            histories.append((table.meaning, f"{row_message}Rows", table.name))
    fields = [(APPLICATION.meaning, get_message_name(APPLICATION), APPLICATION.name), *histories]
    parts.append(
        _render_message("Dossier", "Everything known of one client", fields, field_numbers)
    )
    return "\n".join(parts)


def render_dossier_proto(text: str) -> str:
    """Render the .proto file of the current schema, given the text of the earlier file."""
    return render_proto({APPLICATION.name: APPLICATION, **HISTORIES}, parse_field_numbers(text))


_Field = tuple[str, str, str]
"""Comment, type, name."""


def _to_field(column: Column) -> _Field:
    expected = column.describe_expected().removesuffix(", or null")
    sentinel_notes = "".join(
        f" {sentinel} means: {meaning}." for sentinel, meaning in column.sentinels.items()
    )
    comment = f"{column.meaning}: {expected}. Unit: {column.unit}.{sentinel_notes}"
    return comment, f"optional {PROTO_TYPES[column.kind]}", column.name


def _render_message(
    name: str, meaning: str, fields: Iterable[_Field], field_numbers: FieldNumbers
) -> str:
    numbers_by_field = dict(field_numbers.get(name, {}))
    lines = [f"// {meaning}.", f"message {name} {{"]
    current_fields = set()
    for comment, kind, field in fields:
        number = numbers_by_field.setdefault(field, max(numbers_by_field.values(), default=0) + 1)
        current_fields.add(field)
        lines += _render_comment(comment)
        # Names are the wire format's; JSON would make AMTCREDIT of AMT_CREDIT.
        lines.append(f'  {kind} {field} = {number} [json_name = "{field}"];')
    lines += [
        f"  reserved {numbers_by_field[removed]};  // {removed}"
        for removed in numbers_by_field
        if removed not in current_fields
    ]
    return "\n".join([*lines, "}", ""])


def _render_comment(text: str) -> Iterator[str]:
    return (f"  // {line}" for line in wrap(text, 94))
