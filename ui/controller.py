"""What the adviser asks for, answered as HTML: the API's answers through the views."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TypedDict

from ui import views
from ui.api_client import Api, ApiError, new_key
from ui.api_models import Language, Model
from ui.population_view import position
from ui.rendering import Drawing
from ui.waterfall import steps

MOST_FEATURES = 30
"""Features offered for comparison, the most important first."""

MOST_SUGGESTED = 20
LONGEST_NUMBER = 16
"""Digits, as the API takes them."""


class Suggested(TypedDict):
    """Goes to the browser as JSON."""

    clients: list[int]
    said: str


@dataclass(frozen=True, kw_only=True)
class File:
    """What is shown after a client was asked for; without a `client`, only the message."""

    message: str = ""
    profile: str = ""
    decision: str = ""
    reasons: str = ""
    steps: str = ""
    position: str = ""
    client: int | None = None
    key: str = ""
    """Finds the same decision again."""
    features: list[tuple[str, str]] = field(default_factory=list)
    """Label and name of what can be compared."""
    feature: str | None = None


class Adviser:
    """One language's answers to what advisers do."""

    def __init__(self, api: Api, language: Language) -> None:
        self._api = api
        self.drawing = Drawing(language)
        self._words, self._numbers = self.drawing.words, self.drawing.numbers

    async def suggest(self, typed: str) -> Suggested:
        """Clients whose number begins as typed, and how many there are."""
        prefix = "".join(str(typed).split())
        if prefix and not _digits(prefix):
            return Suggested(clients=[], said=self._words.found_digits)
        try:
            found = await self._api.clients(prefix, MOST_SUGGESTED)
        except ApiError:
            return Suggested(clients=[], said=self._words.found_nobody)
        total = self._numbers.plain(found.total)
        if not prefix:
            said = self._words.found_all
        elif found.total > 1:
            said = self._words.found_many
        else:
            said = self._words.found_one if found.total else self._words.found_none
        return Suggested(clients=list(found.clients), said=said.format(total=total, prefix=prefix))

    async def open(self, typed: str, feature: str | None, *, similar: bool, key: str = "") -> File:
        """The client's file, or what prevents it.

        Args:
            key: Of a decision already taken, to see it again.
        """
        number = "".join(typed.split())
        if not _digits(number):
            return File(message=views.message(self.drawing, "not_a_number"))
        client, key = int(number), key or new_key()
        try:
            told, profile, model = await asyncio.gather(
                self._api.explain(client, key), self._api.profile(client), self._api.model()
            )
        except ApiError as error:
            return File(message=views.problem(self.drawing, error, client))
        features = self._choices(model)
        names = [name for _, name in features]
        feature = feature if feature in names else names[0]
        return File(
            profile=views.profile(self.drawing, profile),
            decision=views.decision(self.drawing, told, model),
            reasons=views.reasons(self.drawing, told),
            steps=steps(self.drawing, told, model),
            position=await self._position(client, feature, model, similar=similar),
            client=client,
            key=key,
            features=features,
            feature=feature,
        )

    async def compare(self, client: int, feature: str, *, similar: bool) -> str:
        """The client's place among others, by another feature or among others."""
        try:
            model = await self._api.model()
        except ApiError:
            return self._incomparable()
        return await self._position(client, feature, model, similar=similar)

    async def _position(self, client: int, feature: str, model: Model, *, similar: bool) -> str:
        described = next((one for one in model.features if one.name == feature), None)
        if described is None:
            return self._incomparable()
        try:
            found = await self._api.position(client, feature, similar=similar)
        except ApiError:
            return self._incomparable()
        return position(self.drawing, found, described)

    def _incomparable(self) -> str:
        return self.drawing.fill("incomparable")

    def _choices(self, model: Model) -> list[tuple[str, str]]:
        features = model.features[:MOST_FEATURES]
        return [(self.drawing.text(one.label), one.name) for one in features]


def _digits(text: str) -> bool:
    """Whether a text is a client number, as far as one can see."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
