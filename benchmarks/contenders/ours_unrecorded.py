"""Our service with a ledger that keeps nothing: what does keeping cost?"""

from __future__ import annotations

from collections.abc import Sequence

import service
from stores.ledger.store import Ledger, Record


class Forgetful(Ledger):
    def keep(self, records: Sequence[Record]) -> None:
        """Nothing is kept."""


vars(service)["Ledger"] = Forgetful  # the service looks it up when it starts
CreditScoring = service.CreditScoring
