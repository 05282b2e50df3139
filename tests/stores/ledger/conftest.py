"""Fixtures shared by the tests of the ledger on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from credit.policy import Policy
from credit.scorer import Scorer
from credit.underwriting import make_decision, score_dossiers
from stores.ledger.store import LedgerRecord, digest_request
from tests.support.example_dossiers import make_applicant


@pytest.fixture
def record(scorer: Scorer, policy: Policy) -> LedgerRecord:
    """Make the record of one decision."""
    [scored] = score_dossiers(scorer, [make_applicant()], policy)
    return LedgerRecord(
        decision=make_decision(scored, scorer.version, policy, str(uuid4()), datetime.now(UTC)),
        kind="predict", document=scored.document, feature_row=scored.row, contributions=None,
        request_digest=digest_request("predict", b"body"),
    )  # fmt: skip
