"""One applicant's whole row, as it was when last looked at: `tests/golden/one_applicant.json`.

A feature that moves must move on purpose. After such a change, write the file anew, and read what
`git diff` says of it before it is committed:

    python -m tests.credit.features.test_golden
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from credit.contract.request import parse_request
from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, build
from tests.support.example_dossiers import Dossier, make_applicant

GOLDEN = Path(__file__).parents[2] / "golden" / "one_applicant.json"

LEARNT = CategoryEncoder({
    "contract_type": ("Cash loans", "Revolving loans"),
    "income_type": ("Working", "Pensioner"),
    "education": ("Secondary / secondary special", "Higher education"),
    "family_status": ("Married", "Widow"),
    "housing": ("House / apartment", "With parents"),
    "accompanied_by": ("Unaccompanied", "Family"),
    "occupation": ("Laborers", "Sales staff"),
    "employer_sector": ("Self-employed", "Other", "School"),
    "weekday": ("MONDAY", "TUESDAY"),
    "building_repair_fund": ("reg oper account", "not specified"),
    "building_walls": ("Stone, brick", "Panel"),
})  # fmt: skip
"""Categories as a model may have learnt them; the applicant's occupation is none of them."""


def golden() -> dict[str, Any]:
    """What the file holds."""
    held: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return held


def row_of(document: Dossier) -> dict[str, dict[str, Any]]:
    """Every feature's value, null where unknown, with its unit."""
    cells = build(DossierBatch.from_documents([document], COLUMNS), LEARNT)[0].tolist()
    return {
        name: {"value": None if math.isnan(cell) else cell, "unit": feature.unit.value}
        for (name, feature), cell in zip(CATALOGUE.items(), cells, strict=True)
    }


def test_the_applicants_row_is_the_golden_one_to_the_last_bit() -> None:
    held = golden()
    assert row_of(held["document"]) == held["row"]


def test_the_matrix_has_the_golden_columns_in_their_order() -> None:
    assert list(golden()["row"]) == list(CATALOGUE)


def test_the_golden_document_is_an_ordinary_applicants_and_valid() -> None:
    document = golden()["document"]
    assert document == make_applicant()
    body = json.dumps({"dossier": document}).encode()
    assert parse_request(body).dossier == document


def write() -> None:
    document = make_applicant()
    text = json.dumps({"document": document, "row": row_of(document)}, indent=1)
    GOLDEN.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
