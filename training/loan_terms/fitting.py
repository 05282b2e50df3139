"""Fit tables of usual terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from credit.dossier import Bools, DossierBatch, Floats, Integers
from credit.features.loan_terms import LoanTerms, TermTable

MIN_CLIENTS_PER_INTERVAL = 30
"""Loans of fewer clients would be a poor estimate of a term, and could identify the clients."""

MIN_CLIENTS_TO_LEARN_FROM = 5_000
"""With fewer clients the tables that ship with the product rank better (docs/results.md)."""

CASH_LOANS = "Cash loans"


@dataclass(frozen=True, kw_only=True)
class EarlierLoans:
    """Earlier loans of clients, with a known term."""

    owner: Integers
    """Index of the client of each loan, not decreasing."""
    instalment_share: Floats
    """Instalment over credit."""
    term: Floats
    """Number of instalments."""
    is_cash: Bools

    @classmethod
    def from_dossiers(cls, dossiers: DossierBatch) -> Self:
        """Collect the loans of some dossiers that have a positive credit, instalment and term."""
        loans = dossiers.tables["previous_application"]
        credit, instalment, term = (
            loans[name] for name in ("AMT_CREDIT", "AMT_ANNUITY", "CNT_PAYMENT")
        )
        rows = np.flatnonzero((credit > 0) & (instalment > 0) & (term > 0))
        return cls(
            owner=loans.owner[rows],
            instalment_share=instalment[rows] / credit[rows],
            term=term[rows],
            is_cash=(loans.get_categorical("NAME_CONTRACT_TYPE") == CASH_LOANS)[rows],
        )

    @classmethod
    def empty(cls) -> Self:
        """Return no loans."""
        return cls(
            owner=np.empty(0, np.int64),
            instalment_share=np.empty(0),
            term=np.empty(0),
            is_cash=np.empty(0, np.bool_),
        )

    @classmethod
    def concat(cls, parts: Sequence[EarlierLoans], client_counts: Sequence[int]) -> Self:
        """Concatenate the loans of groups of clients; owners are renumbered."""
        offsets = np.cumsum([0, *client_counts[:-1]])
        return cls(
            owner=np.concatenate(
                [part.owner + offset for part, offset in zip(parts, offsets, strict=True)]
            ),
            instalment_share=np.concatenate([part.instalment_share for part in parts]),
            term=np.concatenate([part.term for part in parts]),
            is_cash=np.concatenate([part.is_cash for part in parts]),
        )

    def take_clients(self, clients: Integers, client_count: int) -> EarlierLoans:
        """Select the loans of clients, who are renumbered in the order given.

        Args:
            clients: Indices of distinct clients.
            client_count: Number of clients before the selection.
        """
        new_index = np.full(client_count, -1)
        new_index[clients] = np.arange(len(clients))
        owner = new_index[self.owner]
        rows = np.flatnonzero(owner >= 0)
        rows = rows[np.argsort(owner[rows], kind="stable")]
        return self._take_loans(rows, owner[rows])

    def _take_loans(self, rows: Integers, owner: Integers) -> EarlierLoans:
        return EarlierLoans(
            owner=owner,
            instalment_share=self.instalment_share[rows],
            term=self.term[rows],
            is_cash=self.is_cash[rows],
        )

    def select_cash_loans(self) -> EarlierLoans:
        """Return the cash loans alone."""
        rows = np.flatnonzero(self.is_cash)
        return self._take_loans(rows, self.owner[rows])


def fit_loan_terms(loans: EarlierLoans) -> LoanTerms:
    """Learn both tables, or return those of the product where too few clients have cash loans."""
    cash_loans = loans.select_cash_loans()
    if len(np.unique(cash_loans.owner)) < MIN_CLIENTS_TO_LEARN_FROM:
        return LoanTerms.usual()
    return learn_loan_terms(loans)


def learn_loan_terms(loans: EarlierLoans) -> LoanTerms:
    """Learn both tables from loans, however few."""
    return LoanTerms(
        all_loans=learn_term_table(loans),
        cash_loans=learn_term_table(loans.select_cash_loans()),
        clients=len(np.unique(loans.owner)),
    )


def learn_term_table(loans: EarlierLoans) -> TermTable:
    """Learn the mean term by intervals of the instalment share.

    A regression tree finds the intervals (Breiman et al., *Classification and regression trees*,
    1984). Neighbouring intervals are merged until each holds loans of at least
    `MIN_CLIENTS_PER_INTERVAL` clients.

    Raises:
        ValueError: There are no loans.
    """
    shares = loans.instalment_share
    tree = DecisionTreeRegressor(min_samples_leaf=MIN_CLIENTS_PER_INTERVAL, random_state=0)
    tree.fit(shares.reshape(-1, 1), loans.term)
    splits = np.sort(tree.tree_.threshold[tree.tree_.children_left >= 0])
    upper_bounds: list[float] = []
    terms: list[float] = []
    pending = np.zeros(len(shares), np.bool_)
    intervals = np.searchsorted(splits, shares)
    for interval in range(len(splits) + 1):
        pending |= intervals == interval
        is_last = interval == len(splits)
        if len(np.unique(loans.owner[pending])) >= MIN_CLIENTS_PER_INTERVAL:
            terms.append(float(loans.term[pending].mean()))
            upper_bounds.append(np.inf if is_last else float(splits[interval]))
            pending[:] = False
        elif is_last and not terms:
            terms.append(float(loans.term.mean()))
            upper_bounds.append(np.inf)
    return TermTable(upper_bounds=tuple(upper_bounds[:-1]), terms=tuple(terms))
