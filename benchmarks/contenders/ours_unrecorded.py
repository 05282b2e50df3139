"""Our service with a ledger that keeps nothing: what does keeping cost?"""

from __future__ import annotations

from collections.abc import Sequence

import service
from stores.ledger.store import Ledger, LedgerRecord


class DiscardingLedger(Ledger):
    def append(self, records: Sequence[LedgerRecord]) -> None:
        """Nothing is kept."""


vars(service)["Ledger"] = DiscardingLedger  # the service looks it up when it starts
CreditScoring = service.CreditScoring
