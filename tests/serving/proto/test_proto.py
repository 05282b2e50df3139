"""The gRPC contract matches the schema, and its Python modules are up to date."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from credit.schema import APPLICATION, BUREAU, TABLES, Table
from serving.grpc.errors import GRPC_STATUS_BY_CODE
from serving.proto.__main__ import HERE, PACKAGE, app
from serving.proto.credit.scoring.v1 import dossier_pb2
from serving.proto.dossier import (
    get_message_name,
    parse_field_numbers,
    render_dossier_proto,
    render_proto,
)


def test_every_raw_column_is_a_field_and_nothing_else_is() -> None:
    for table in TABLES.values():
        fields = dossier_pb2.DESCRIPTOR.message_types_by_name[
            get_message_name(table)
        ].fields_by_name
        assert set(fields) == set(table.columns)
        assert all(field.has_presence for field in fields.values())


def test_the_dossier_messages_match_the_schema() -> None:
    text = (HERE / PACKAGE / "dossier.proto").read_text()
    assert render_dossier_proto(text) == text


def test_every_code_is_described_with_its_status() -> None:
    text = (HERE / PACKAGE / "scoring.proto").read_text()
    described = re.findall(r"^//   ([A-Z_]+) +((?:[a-z-]+, )*[a-z-]+)  ", text, re.MULTILINE)
    documented = {code: status for status, codes in described for code in codes.split(", ")}
    assert documented.pop("internal-error") == "INTERNAL"
    assert documented == {code: status.name for code, status in GRPC_STATUS_BY_CODE.items()}


def test_generating_again_changes_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for file in (tmp_path / PACKAGE).iterdir():
        assert file.read_text() == (HERE / PACKAGE / file.name).read_text(), file.name


def test_a_field_number_is_never_reused() -> None:
    def make_tables(*names: str) -> dict[str, Table]:
        columns = {name: BUREAU[name] for name in names}
        table = Table(name="bureau", meaning="Credits", columns=columns, primary_key=())
        return {APPLICATION.name: APPLICATION, "bureau": table}

    first = render_proto(make_tables("SK_ID_CURR", "CREDIT_TYPE", "DAYS_CREDIT"), {})
    without = render_proto(make_tables("SK_ID_CURR", "DAYS_CREDIT"), parse_field_numbers(first))
    assert "reserved 2;" in without
    later = render_proto(
        make_tables("AMT_ANNUITY", "SK_ID_CURR", "DAYS_CREDIT"), parse_field_numbers(without)
    )
    assert parse_field_numbers(later)["Bureau"] == {
        "SK_ID_CURR": 1, "CREDIT_TYPE": 2, "DAYS_CREDIT": 3, "AMT_ANNUITY": 4,
    }  # fmt: skip
