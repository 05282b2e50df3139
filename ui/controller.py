"""Handle the adviser's requests: call the API and render its responses as HTML."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TypedDict

from ui import views
from ui.api_client import ApiClient, ApiError, new_idempotency_key
from ui.api_models import Language, ServedModel
from ui.population_view import render_position
from ui.rendering import TemplateRenderer
from ui.waterfall import render_waterfall

MAX_COMPARED_FEATURES = 30
"""Number of features offered for comparison, the most important first."""

MAX_SUGGESTIONS = 20
MAX_CLIENT_DIGITS = 16
"""Longest client number that the API accepts."""


class Suggestions(TypedDict):
    """Search results, sent to picker.js as JSON."""

    clients: list[int]
    message: str
    """Number of matches, or why there is no result."""


@dataclass(frozen=True, kw_only=True)
class ClientFile:
    """The rendered parts of a client's file; without a `client`, only the message."""

    message: str = ""
    profile: str = ""
    decision: str = ""
    reasons: str = ""
    steps: str = ""
    position: str = ""
    client: int | None = None
    key: str = ""
    """Idempotency key, to show the same decision again."""
    features: list[tuple[str, str]] = field(default_factory=list)
    """Label and name of the features that can be compared."""
    feature: str | None = None
    """Name of the compared feature."""


class AdviserController:
    """Handles the adviser's actions in one language."""

    def __init__(self, api: ApiClient, language: Language) -> None:
        self._api = api
        self.renderer = TemplateRenderer(language)
        self._messages, self._numbers = self.renderer.messages, self.renderer.numbers

    async def suggest_clients(self, typed: str) -> Suggestions:
        """Find clients by the first digits of their number, and count the matches."""
        prefix = "".join(str(typed).split())
        if prefix and not _is_client_number(prefix):
            return Suggestions(clients=[], message=self._messages.search_digits_only)
        try:
            matches = await self._api.search_clients(prefix, MAX_SUGGESTIONS)
        except ApiError:
            return Suggestions(clients=[], message=self._messages.search_unavailable)
        total = self._numbers.format_number(matches.total)
        if not prefix:
            template = self._messages.search_total
        elif matches.total > 1:
            template = self._messages.search_many_matches
        else:
            template = (
                self._messages.search_one_match
                if matches.total
                else self._messages.search_no_match
            )
        return Suggestions(
            clients=list(matches.clients), message=template.format(total=total, prefix=prefix)
        )

    async def open_file(
        self, typed: str, feature: str | None, *, similar: bool, key: str = ""
    ) -> ClientFile:
        """Request a decision and render the client's file, or a message if that fails.

        Args:
            typed: Client number as typed.
            feature: Feature to compare; the most important one if None or unknown.
            similar: True to compare with clients of similar risk only.
            key: Idempotency key of an earlier decision, to show it again; empty for a new one.
        """
        digits = "".join(typed.split())
        if not _is_client_number(digits):
            return ClientFile(message=views.render_message(self.renderer, "not_a_number"))
        client, key = int(digits), key or new_idempotency_key()
        try:
            explanation, profile, model = await asyncio.gather(
                self._api.explain(client, key),
                self._api.fetch_profile(client),
                self._api.fetch_model(),
            )
        except ApiError as error:
            return ClientFile(message=views.render_api_error(self.renderer, error, client))
        features = self._list_features(model)
        names = [name for _, name in features]
        feature = feature if feature in names else names[0]
        return ClientFile(
            profile=views.render_profile(self.renderer, profile),
            decision=views.render_decision(self.renderer, explanation, model),
            reasons=views.render_reasons(self.renderer, explanation),
            steps=render_waterfall(self.renderer, explanation, model),
            position=await self._render_position(client, feature, model, similar=similar),
            client=client,
            key=key,
            features=features,
            feature=feature,
        )

    async def compare_feature(self, client: int, feature: str, *, similar: bool) -> str:
        """Render the client's position by a feature, or a message if that fails."""
        try:
            model = await self._api.fetch_model()
        except ApiError:
            return self._render_comparison_failed()
        return await self._render_position(client, feature, model, similar=similar)

    async def _render_position(
        self, client: int, feature: str, model: ServedModel, *, similar: bool
    ) -> str:
        definition = next(
            (candidate for candidate in model.features if candidate.name == feature), None
        )
        if definition is None:
            return self._render_comparison_failed()
        try:
            result = await self._api.fetch_position(client, feature, similar=similar)
        except ApiError:
            return self._render_comparison_failed()
        return render_position(self.renderer, result, definition)

    def _render_comparison_failed(self) -> str:
        return self.renderer.render("comparison_failed")

    def _list_features(self, model: ServedModel) -> list[tuple[str, str]]:
        features = model.features[:MAX_COMPARED_FEATURES]
        return [(self.renderer.localise(feature.label), feature.name) for feature in features]


def _is_client_number(text: str) -> bool:
    """Return True if the text has the form of a client number."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_CLIENT_DIGITS
