"""Test how tables of usual loan terms are learnt, and from how many clients."""

from __future__ import annotations

import numpy as np
import pytest

from credit.dossier import DossierBatch
from credit.features.loan_terms import LoanTerms
from tests.support.example_dossiers import make_applicant_with_history
from training.loan_terms.fitting import (
    MIN_CLIENTS_PER_INTERVAL,
    EarlierLoans,
    fit_loan_terms,
    learn_loan_terms,
    learn_term_table,
)


def make_loans(*groups: tuple[float, float, int], is_cash: bool = True) -> EarlierLoans:
    """Make one loan a client: groups of instalment share, term and number of clients."""
    shares, terms, counts = zip(*groups, strict=True)
    owner = np.arange(sum(counts))
    return EarlierLoans(
        owner=owner,
        instalment_share=np.repeat(shares, counts),
        term=np.repeat(terms, counts),
        is_cash=np.full(len(owner), is_cash),
    )


def test_every_usual_instalment_share_has_its_term() -> None:
    table = learn_term_table(make_loans((0.03, 60, 50), (0.05, 24, 40), (0.1, 12, 30)))
    assert table.look_up(np.array([0.03, 0.05, 0.1])).tolist() == [60, 24, 12]
    assert table.look_up(np.array([0.001, 0.9])).tolist() == [60, 12]


def test_an_interval_of_too_few_clients_is_merged() -> None:
    too_small = MIN_CLIENTS_PER_INTERVAL - 1
    table = learn_term_table(make_loans((0.03, 60, 50), (0.05, 24, too_small), (0.1, 12, 50)))
    assert set(table.terms) != {60.0, 24.0, 12.0}
    assert len(table.terms) <= 2


def test_many_loans_of_few_clients_are_not_many_clients() -> None:
    loans = make_loans((0.03, 60, 200), (0.1, 12, 200))
    two_clients = EarlierLoans(
        owner=np.sort(loans.owner % 2),
        instalment_share=loans.instalment_share,
        term=loans.term,
        is_cash=loans.is_cash,
    )
    assert len(learn_term_table(loans).terms) == 2
    assert learn_term_table(two_clients).terms == (36.0,)


def test_cash_loans_have_a_table_of_their_own() -> None:
    cash = make_loans((0.05, 24, 40))
    goods = make_loans((0.05, 12, 40), is_cash=False)
    learnt = learn_loan_terms(EarlierLoans.concat([cash, goods], [40, 40]))
    assert learnt.cash_loans.terms == (24.0,)
    assert learnt.all_loans.terms == (18.0,)
    assert learnt.clients == 80


def test_few_clients_get_the_terms_that_ship_with_the_product() -> None:
    assert fit_loan_terms(make_loans((0.05, 24, 4_999))) == LoanTerms.usual()
    assert fit_loan_terms(make_loans((0.05, 24, 5_000))).cash_loans.terms == (24.0,)


def test_selected_clients_keep_their_own_loans() -> None:
    loans = EarlierLoans.concat([make_loans((0.1, 12, 1), (0.05, 24, 1), (0.03, 60, 1))], [3])
    taken = loans.take_clients(np.array([2, 0]), 3)
    assert taken.owner.tolist() == [0, 1]
    assert taken.term.tolist() == [60, 12]


@pytest.mark.parametrize("column", ["AMT_CREDIT", "AMT_ANNUITY", "CNT_PAYMENT"])
@pytest.mark.parametrize("value", [None, 0])
def test_a_loan_without_a_known_amount_or_term_teaches_nothing(
    column: str, value: float | None
) -> None:
    loan = {
        "SK_ID_PREV": 1, "NAME_CONTRACT_TYPE": "Cash loans", "AMT_CREDIT": 1_000.0,
        "AMT_ANNUITY": 50.0, "CNT_PAYMENT": 24.0, "DAYS_DECISION": -100,
    }  # fmt: skip
    dossiers = [
        make_applicant_with_history(previous_application=[row])
        for row in (loan, {**loan, column: value})
    ]
    loans = EarlierLoans.from_dossiers(DossierBatch.from_documents(dossiers))
    assert loans.owner.tolist() == [0]
    assert loans.instalment_share.tolist() == [0.05]
    assert loans.is_cash.tolist() == [True]
