"""Compare all features of one applicant with `tests/golden/one_applicant.json`.

After an intended change of features, write the file again and review its diff before the commit:

    python -m tests.credit.features.test_matrix_golden
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from credit.contract.request import parse_request
from credit.dossier import DossierBatch
from credit.features import CATALOGUE, COLUMNS, CategoryEncoder, FittedFeatures, build
from tests.support.example_dossiers import Dossier, make_applicant

GOLDEN = Path(__file__).parents[2] / "golden" / "one_applicant.json"

ENCODER = CategoryEncoder({
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
"""Categories of an example model; the applicant's occupation is not among them."""
FITTED = FittedFeatures(categories=ENCODER)


def read_golden() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return content


def build_golden_row(document: Dossier) -> dict[str, dict[str, Any]]:
    """Return value and unit of each feature; the value is None where unknown."""
    values = build(DossierBatch.from_documents([document], COLUMNS), FITTED)[0].tolist()
    return {
        name: {"value": None if math.isnan(value) else value, "unit": feature.unit.value}
        for (name, feature), value in zip(CATALOGUE.items(), values, strict=True)
    }


def test_features_equal_the_golden_row_to_the_last_bit() -> None:
    content = read_golden()
    assert build_golden_row(content["document"]) == content["row"]


def test_matrix_columns_have_the_golden_order() -> None:
    assert list(read_golden()["row"]) == list(CATALOGUE)


def test_the_golden_document_is_the_ordinary_applicant_and_valid() -> None:
    document = read_golden()["document"]
    assert document == make_applicant()
    body = json.dumps({"dossier": document}).encode()
    assert parse_request(body).dossier == document


def write_golden() -> None:
    document = make_applicant()
    text = json.dumps({"document": document, "row": build_golden_row(document)}, indent=1)
    GOLDEN.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
