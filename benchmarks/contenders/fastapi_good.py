"""FastAPI doing our job by its shortest way: the same scorer on one request at a time, no ledger.

It validates as we do and computes in its event loop: a thread would add two hops to a millisecond.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from serving.lightgbm_import import import_lightgbm_alone

import_lightgbm_alone()

import orjson
from fastapi import FastAPI, Request, Response

from credit.contract.request import read_request
from credit.errors import CreditError
from credit.policy import policy_on
from credit.underwriting import decide, score
from serving.errors import status_of, told
from stores.clients.store import ClientStore
from stores.models.bento_store import find, load, serving_tag
from stores.settings import direct_libraries, settings

WHERE = settings()
direct_libraries(WHERE)
SCORER = load(find(serving_tag(WHERE, Path(__file__))))
CLIENTS = ClientStore(WHERE.clients)
score(SCORER, [{"application": {}}])

app = FastAPI()


@app.get("/readyz")
async def ready() -> None: ...


@app.post("/predict")
async def predict(request: Request) -> Response:
    try:
        said = read_request(await request.body())
        document = said.dossier or CLIENTS.dossier(said.client_id or 0)
        [scored] = score(SCORER, [said.changed(document)])
    except CreditError as error:
        return Response(orjson.dumps(told(error)), status_of(error))
    at = datetime.now(UTC)
    decision = decide(scored, SCORER.version, policy_on(at.date()), str(uuid4()), at)
    return Response(orjson.dumps(decision), media_type="application/json")
