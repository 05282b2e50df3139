"""Serve our scorer with FastAPI in the simplest way: one request at a time, no ledger.

It validates as our service does and computes in the event loop: a thread would add two context
switches to a millisecond of work.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from serving.lightgbm_import import import_lightgbm_alone

import_lightgbm_alone()

import orjson
from fastapi import FastAPI, Request, Response

from credit.contract.request import parse_request
from credit.errors import CreditError
from credit.policy import load_policy
from credit.underwriting import make_decision, score_dossiers
from serving.errors import error_payload, get_http_status
from stores.clients.store import ClientStore
from stores.models.bento_store import find_bento_model, load_scorer, resolve_serving_tag
from stores.settings import configure_libraries, get_settings

SETTINGS = get_settings()
configure_libraries(SETTINGS)
SCORER = load_scorer(find_bento_model(resolve_serving_tag(SETTINGS, Path(__file__))))
CLIENTS = ClientStore(SETTINGS.clients_path)
score_dossiers(SCORER, [{"application": {}}], load_policy(datetime.now(UTC).date()))

app = FastAPI()


@app.get("/readyz")
async def ready() -> None: ...


@app.post("/predict")
async def predict(request: Request) -> Response:
    try:
        scoring_request = parse_request(await request.body())
        document = scoring_request.dossier or CLIENTS.get_dossier(scoring_request.client_id or 0)
        at = datetime.now(UTC)
        policy = load_policy(at.date())
        [scored] = score_dossiers(SCORER, [scoring_request.apply_changes(document)], policy)
    except CreditError as error:
        return Response(orjson.dumps(error_payload(error)), get_http_status(error))
    decision = make_decision(scored, SCORER.version, policy, str(uuid4()), at)
    return Response(orjson.dumps(decision), media_type="application/json")
