"""Estimate the term of the requested credit from earlier loans. The form states no term.

instalment over credit ──► table of usual terms ──► term ──► yearly rate, interest

A table is learnt in training from loans with a known term, without labels, and stored with the
model. Lookup and formulas only compare, add, multiply and divide, so results are bit-identical on
every engine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Self

import numpy as np

from credit.dossier import DossierBatch, Floats
from credit.features.expressions.nan_arithmetic import MONTHS_PER_YEAR, divide_or_nan

USUAL_TERMS_FILE = "usual_loan_terms.json"

REVOLVING = "Revolving loans"
"""Contract type without a term."""


@dataclass(frozen=True, kw_only=True)
class TermTable:
    """Usual terms by instalment share, the part of the credit that one instalment pays."""

    upper_bounds: tuple[float, ...]
    """Ascending instalment shares, inclusive: the ends of all intervals but the last."""
    terms: tuple[float, ...]
    """Mean number of instalments of the loans in each interval."""

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats]:
        return np.array(self.upper_bounds), np.array(self.terms)

    def look_up(self, instalment_share: Floats) -> Floats:
        """Return the usual term in months; NaN where the share is NaN.

        >>> table = TermTable(upper_bounds=(0.04,), terms=(36.0, 12.0))
        >>> table.look_up(np.array([0.03, 0.04, 0.1, np.nan])).tolist()
        [36.0, 36.0, 12.0, nan]
        """
        upper_bounds, terms = self._arrays
        usual_terms = terms[np.searchsorted(upper_bounds, instalment_share)]
        return np.where(np.isnan(instalment_share), np.nan, usual_terms)


@dataclass(frozen=True, kw_only=True)
class LoanTerms:
    """The tables that a model estimates terms with."""

    all_loans: TermTable
    cash_loans: TermTable
    clients: int
    """Number of clients with loans that the tables are learnt from."""

    @classmethod
    @cache
    def usual(cls) -> Self:
        """Return the tables that ship with the product, a public aggregate of real loans."""
        text = files("credit.features").joinpath(USUAL_TERMS_FILE).read_text("utf-8")
        document = json.loads(text)
        return cls(
            all_loans=_parse_table(document["all_loans"]),
            cash_loans=_parse_table(document["cash_loans"]),
            clients=document["clients"],
        )


def _parse_table(document: dict[str, Sequence[float]]) -> TermTable:
    return TermTable(upper_bounds=tuple(document["upper_bounds"]), terms=tuple(document["terms"]))


def extract_requested_credit(dossiers: DossierBatch) -> Floats:
    """Return credit and instalment of each form, shape (2, dossiers); NaN for revolving credit."""
    form = dossiers.tables["application"]
    credit_and_instalment = form.select_columns(("AMT_CREDIT", "AMT_ANNUITY"))
    is_revolving = form.get_categorical("NAME_CONTRACT_TYPE") == REVOLVING
    return np.where(is_revolving, np.nan, credit_and_instalment)


def estimate_credit_terms(requested_credit: Floats, loan_terms: LoanTerms) -> Floats:
    """Return term, yearly rate and interest by all loans, then by cash loans.

    The rate is the constant-ratio approximation of the annual percentage rate, with n instalments,
    the credit A and the interest F: 24 F / (A (n + 1)).

    Args:
        requested_credit: Credit and instalment, shape (2, dossiers), as `extract_requested_credit` returns.
        loan_terms: The tables of the model.

    Returns:
        Shape (6, dossiers), in months, as a share and in the form's currency.
    """
    credit, instalment = requested_credit
    instalment_share = divide_or_nan(instalment, credit)
    rows: list[Floats] = []
    for table in (loan_terms.all_loans, loan_terms.cash_loans):
        term = table.look_up(instalment_share)
        interest = term * instalment - credit
        rate = divide_or_nan(2 * MONTHS_PER_YEAR * interest, credit * (term + 1))
        rows += [term, rate, interest]
    return np.stack(rows)
