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

from ui.api_models import ApiModel, ClientList, Explanation, Position, Profile, ServedModel

A = TypeVar("A", bound=ApiModel)

API_TIMEOUT = httpx.Timeout(8.0, connect=1.0)
"""Seconds: 1 to be let in, 8 between two bytes of an answer."""

CONNECTION_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=8)
MAX_CONNECT_RETRIES = 2
"""After the first; a second in all, so that a restart of the API goes unseen."""

CONNECTION_LOST_ERRORS = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""The API went away with the question: it was stopped, or closed a connection kept for reuse."""


class ApiError(Exception):
    """Base of what can go wrong between the page and the API."""


class ApiUnreachable(ApiError):
    """Nobody answers at that address, or not in time."""


class UnknownClient(ApiError):
    """The API keeps no such client."""


class RequestRejected(ApiError):
    """The API finds fault with the question."""


class ApiFailure(ApiError):
    """The API failed, or its answer is not what was agreed."""


class ApiClient:
    """A client of the scoring API."""

    def __init__(self, url: str) -> None:
        # Proxies named in the environment are not used: they would read clients' data.
        self._http = httpx.AsyncClient(
            base_url=url,
            transport=httpx.AsyncHTTPTransport(
                retries=MAX_CONNECT_RETRIES, limits=CONNECTION_LIMITS
            ),
            timeout=API_TIMEOUT,
            trust_env=False,
        )

    async def search_clients(self, prefix: str, limit: int) -> ClientList:
        """Clients whose number begins with the prefix."""
        return await self._get(ClientList, "/v1/clients", prefix=prefix, limit=limit)

    async def fetch_profile(self, client: int) -> Profile:
        return await self._get(Profile, f"/v1/clients/{client}")

    async def fetch_model(self) -> ServedModel:
        return await self._get(ServedModel, "/v1/model")

    async def fetch_position(self, client: int, feature: str, *, similar: bool) -> Position:
        """The client among all others, or among those of a similar risk."""
        path = f"/v1/clients/{client}/position"
        return await self._get(Position, path, feature=feature, similar=str(similar).lower())

    async def explain(self, client: int, key: str) -> Explanation:
        """The explained decision, which the API records.

        Args:
            key: The same key gets the same decision again, and records no other.
        """
        request = self._http.build_request(
            "POST", "/explain", json={"client_id": client}, headers={"Idempotency-Key": key}
        )
        return await self._send_and_parse(Explanation, request)

    async def close(self) -> None:
        await self._http.aclose()

    async def _get(self, model_type: type[A], path: str, **params: str | int) -> A:
        return await self._send_and_parse(
            model_type, self._http.build_request("GET", path, params=params)
        )

    async def _send_and_parse(self, model_type: type[A], request: httpx.Request) -> A:
        response = await self._send_with_retry(request)
        if response.status_code != HTTPStatus.OK:
            raise _error_from_response(response)
        try:
            return model_type.model_validate_json(response.content)
        except ValidationError as error:
            raise ApiFailure(f"{request.url.path} answered another shape") from error

    async def _send_with_retry(self, request: httpx.Request) -> httpx.Response:
        """The answer; every question may be put twice, for decisions carry a key."""
        try:
            try:
                return await self._http.send(request)
            except CONNECTION_LOST_ERRORS:
                return await self._http.send(request)
        except httpx.HTTPError as error:
            raise ApiUnreachable(str(error)) from error


def new_idempotency_key() -> str:
    """A key that no decision has yet."""
    return uuid4().hex


def _error_from_response(response: httpx.Response) -> ApiError:
    try:
        error_body = response.json()["error"]
        code, message = str(error_body["code"]), str(error_body["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", f"HTTP {response.status_code}"
    if code == "unknown-client":
        return UnknownClient(message)
    return RequestRejected(message) if response.is_client_error else ApiFailure(message)
