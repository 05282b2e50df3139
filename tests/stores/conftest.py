"""A decision to keep, whatever the ledger lies in."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from credit.policy import Policy
from credit.scorer import Scorer
from credit.underwriting import decide, score
from stores.ledger.store import Record, digest
from tests.people import applicant


@pytest.fixture
def record(scorer: Scorer, policy: Policy) -> Record:
    [scored] = score(scorer, [applicant()])
    return Record(
        decision=decide(scored, scorer.version, policy, str(uuid4()), datetime.now(UTC)),
        kind="predict", document=scored.document, row=scored.row, contributions=None,
        request_digest=digest("predict", b"body"),
    )  # fmt: skip
