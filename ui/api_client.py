"""The API over HTTP: a question out, a typed answer or a named error back.

ApiError
├── Unreachable     nobody answers at that address, or not in time
├── UnknownClient   the API keeps no such client
├── Refused         the API finds fault with the question
└── Failed          the API failed, or its answer is not what was agreed
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar
from uuid import uuid4

import httpx
from pydantic import ValidationError

from ui.api_models import Answer, ClientList, Explanation, Model, Position, Profile

A = TypeVar("A", bound=Answer)

PATIENCE = httpx.Timeout(8.0, connect=1.0)
"""Seconds: 1 to be let in, 8 between two bytes of an answer."""

CONNECTIONS = httpx.Limits(max_connections=32, max_keepalive_connections=8)
TRIES_TO_CONNECT = 2
"""After the first; a second in all, so that a restart of the API goes unseen."""

CUT_OFF = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""The API went away with the question: it was stopped, or closed a connection kept for reuse."""


class ApiError(Exception):
    """Base of what can go wrong between the page and the API."""


class Unreachable(ApiError):
    """Nobody answers at that address, or not in time."""


class UnknownClient(ApiError):
    """The API keeps no such client."""


class Refused(ApiError):
    """The API finds fault with the question."""


class Failed(ApiError):
    """The API failed, or its answer is not what was agreed."""


class Api:
    """A client of the scoring API."""

    def __init__(self, url: str) -> None:
        # Proxies named in the environment are not used: they would read clients' data.
        self._http = httpx.AsyncClient(
            base_url=url,
            transport=httpx.AsyncHTTPTransport(retries=TRIES_TO_CONNECT, limits=CONNECTIONS),
            timeout=PATIENCE,
            trust_env=False,
        )

    async def clients(self, prefix: str, limit: int) -> ClientList:
        """Clients whose number begins with the prefix."""
        return await self._get(ClientList, "/v1/clients", prefix=prefix, limit=limit)

    async def profile(self, client: int) -> Profile:
        return await self._get(Profile, f"/v1/clients/{client}")

    async def model(self) -> Model:
        return await self._get(Model, "/v1/model")

    async def position(self, client: int, feature: str, *, similar: bool) -> Position:
        """The client among all others, or among those of a similar risk."""
        path = f"/v1/clients/{client}/position"
        return await self._get(Position, path, feature=feature, similar=str(similar).lower())

    async def explain(self, client: int, key: str) -> Explanation:
        """The explained decision, which the API records.

        Args:
            key: The same key gets the same decision again, and records no other.
        """
        asked = self._http.build_request(
            "POST", "/explain", json={"client_id": client}, headers={"Idempotency-Key": key}
        )
        return await self._answer(Explanation, asked)

    async def close(self) -> None:
        await self._http.aclose()

    async def _get(self, shape: type[A], path: str, **params: str | int) -> A:
        return await self._answer(shape, self._http.build_request("GET", path, params=params))

    async def _answer(self, shape: type[A], asked: httpx.Request) -> A:
        answer = await self._sent(asked)
        if answer.status_code != HTTPStatus.OK:
            raise _error(answer)
        try:
            return shape.model_validate_json(answer.content)
        except ValidationError as error:
            raise Failed(f"{asked.url.path} answered another shape") from error

    async def _sent(self, asked: httpx.Request) -> httpx.Response:
        """The answer; every question may be put twice, for decisions carry a key."""
        try:
            try:
                return await self._http.send(asked)
            except CUT_OFF:
                return await self._http.send(asked)
        except httpx.HTTPError as error:
            raise Unreachable(str(error)) from error


def new_key() -> str:
    """A key that no decision has yet."""
    return uuid4().hex


def _error(answer: httpx.Response) -> ApiError:
    try:
        told = answer.json()["error"]
        code, message = str(told["code"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", f"HTTP {answer.status_code}"
    if code == "unknown-client":
        return UnknownClient(message)
    return Refused(message) if answer.is_client_error else Failed(message)
