"""Test the likely terms of the requested credit."""

from __future__ import annotations

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features.loan_terms import (
    LoanTerms,
    TermTable,
    estimate_credit_terms,
    extract_requested_credit,
)
from tests.support.example_dossiers import make_applicant

ONE_YEAR = LoanTerms(
    all_loans=TermTable(upper_bounds=(), terms=(12.0,)),
    cash_loans=TermTable(upper_bounds=(), terms=(24.0,)),
    clients=30,
)


@pytest.mark.parametrize("monthly_rate", [0.0, 0.01, 0.02, 0.05])
def test_the_yearly_rate_is_near_the_rate_of_the_annuity_formula(monthly_rate: float) -> None:
    annuity = 1_000 / 12
    if monthly_rate:
        annuity = 1_000 * monthly_rate / (1 - (1 + monthly_rate) ** -12)
    term, rate, interest = estimate_credit_terms(np.array([[1_000.0], [annuity]]), ONE_YEAR)[:3, 0]
    assert term == 12
    assert interest == pytest.approx(12 * annuity - 1_000)
    assert rate == pytest.approx(12 * monthly_rate, rel=0.1)


def test_a_dearer_instalment_never_lowers_rate_or_interest() -> None:
    instalments = np.linspace(90, 200, 50)
    terms = estimate_credit_terms(np.stack([np.full(50, 1_000.0), instalments]), ONE_YEAR)
    assert (np.diff(terms[[1, 2, 4, 5]]) > 0).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"AMT_CREDIT": None},
        {"AMT_ANNUITY": None},
        {"AMT_CREDIT": 0},
        {"NAME_CONTRACT_TYPE": "Revolving loans"},
    ],
)
def test_terms_are_unknown_without_credit_or_instalment_and_for_revolving_credit(
    changes: dict[str, object],
) -> None:
    requested_credit = extract_requested_credit(
        DossierBatch.from_documents([make_applicant(**changes)])
    )
    assert np.isnan(estimate_credit_terms(requested_credit, LoanTerms.usual())).all()


def test_the_terms_that_ship_are_plausible() -> None:
    usual = LoanTerms.usual()
    assert usual.clients > 5_000
    for table in (usual.all_loans, usual.cash_loans):
        assert len(table.upper_bounds) == len(table.terms) - 1 > 50
        assert list(table.upper_bounds) == sorted(table.upper_bounds)
        assert 3 <= min(table.terms) < max(table.terms) <= 84
