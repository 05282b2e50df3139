"""Run BentoML without any work, as a lower bound."""

from __future__ import annotations

from typing import Any

import bentoml


@bentoml.service(workers=1)
class Noop:
    @bentoml.api
    async def predict(self, client_id: int) -> dict[str, Any]:
        return {"client_id": client_id, "risk": 0.5}
