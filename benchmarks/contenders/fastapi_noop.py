"""Run FastAPI without any work, as a lower bound."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Request(BaseModel):
    client_id: int


@app.get("/readyz")
async def ready() -> None: ...


@app.post("/predict")
async def predict(request: Request) -> dict[str, Any]:
    return {"client_id": request.client_id, "risk": 0.5}
