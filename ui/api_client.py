"""HTTP client of the scoring API: typed responses, or one of these errors.

ApiError
├── ApiUnreachable    no response from this address, or not in time
├── UnknownClient     the API has no such client
├── RequestRejected   the request is invalid
└── ApiFailure        the API failed, or its response does not have the agreed shape
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar
from uuid import uuid4

import httpx
from pydantic import ValidationError

from ui.api_models import ApiModel, ClientList, Explanation, Position, Profile, ServedModel

ModelT = TypeVar("ModelT", bound=ApiModel)

API_TIMEOUT = httpx.Timeout(8.0, connect=1.0)
"""Seconds: 1 to connect, 8 between two bytes of a response."""

CONNECTION_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=8)
MAX_CONNECT_RETRIES = 2
"""Attempts after the first one; about a second in total, which covers a restart of the API."""

CONNECTION_LOST_ERRORS = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""Errors when the API stops during a request or has closed a reused connection."""


class ApiError(Exception):
    """Base class of errors between the page and the API."""


class ApiUnreachable(ApiError):
    """No response from this address, or not in time."""


class UnknownClient(ApiError):
    """The API has no such client."""


class RequestRejected(ApiError):
    """The API rejected the request as invalid."""


class ApiFailure(ApiError):
    """The API failed, or its response does not have the agreed shape."""


class ApiClient:
    """An asynchronous client of the scoring API; its methods raise `ApiError`."""

    def __init__(self, url: str) -> None:
        # Ignore proxies set in the environment: they could read clients' data.
        self._http = httpx.AsyncClient(
            base_url=url,
            transport=httpx.AsyncHTTPTransport(
                retries=MAX_CONNECT_RETRIES, limits=CONNECTION_LIMITS
            ),
            timeout=API_TIMEOUT,
            trust_env=False,
        )

    async def search_clients(self, prefix: str, limit: int) -> ClientList:
        """Find clients by the first digits of their number; return at most `limit` of them."""
        return await self._get(ClientList, "/v1/clients", prefix=prefix, limit=limit)

    async def fetch_profile(self, client: int) -> Profile:
        return await self._get(Profile, f"/v1/clients/{client}")

    async def fetch_model(self) -> ServedModel:
        return await self._get(ServedModel, "/v1/model")

    async def fetch_position(self, client: int, feature: str, *, similar: bool) -> Position:
        """Fetch a client's position among all clients, or among those of similar risk."""
        path = f"/v1/clients/{client}/position"
        return await self._get(Position, path, feature=feature, similar=str(similar).lower())

    async def explain(self, client: int, key: str) -> Explanation:
        """Request an explained decision, which the API records.

        Args:
            client: Client number.
            key: Idempotency key; the same key returns the same decision and records no other.
        """
        request = self._http.build_request(
            "POST", "/explain", json={"client_id": client}, headers={"Idempotency-Key": key}
        )
        return await self._send_and_parse(Explanation, request)

    async def close(self) -> None:
        await self._http.aclose()

    async def _get(self, model_type: type[ModelT], path: str, **params: str | int) -> ModelT:
        return await self._send_and_parse(
            model_type, self._http.build_request("GET", path, params=params)
        )

    async def _send_and_parse(self, model_type: type[ModelT], request: httpx.Request) -> ModelT:
        response = await self._send_with_retry(request)
        if response.status_code != HTTPStatus.OK:
            raise _error_from_response(response)
        try:
            return model_type.model_validate_json(response.content)
        except ValidationError as error:
            raise ApiFailure(f"unexpected response of {request.url.path}") from error

    async def _send_with_retry(self, request: httpx.Request) -> httpx.Response:
        """Send a request; repeat it once if the connection is lost.

        Every request may be sent twice: decisions carry an idempotency key.
        """
        try:
            try:
                return await self._http.send(request)
            except CONNECTION_LOST_ERRORS:
                return await self._http.send(request)
        except httpx.HTTPError as error:
            raise ApiUnreachable(str(error)) from error


def new_idempotency_key() -> str:
    """Return a new random key of 32 hexadecimal digits."""
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
