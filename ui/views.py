"""Answers of the API as HTML: the profile, the decision, the reasons, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping

from ui import chart_geometry
from ui.api_client import ApiError, Failed, Refused, UnknownClient, Unreachable
from ui.api_models import Explanation, Model, Profile
from ui.rendering import Drawing

SHOWN_AS: Mapping[type[ApiError], str] = {
    UnknownClient: "unknown_client",
    Unreachable: "unreachable",
    Refused: "refused",
    Failed: "failed",
}


def header(drawing: Drawing, asked: Mapping[str, str]) -> str:
    """The top of the page.

    Args:
        asked: What the link to the other language carries on.
    """
    other = drawing.words.other()
    return drawing.fill("header", other=other, asked=asked)


def message(drawing: Drawing, name: str, client: str = "", *, calm: bool = False) -> str:
    """A message in the place of a file: what is the matter, and what to do."""
    title = getattr(drawing.words, f"{name}_title").format(client=client)
    text = getattr(drawing.words, f"{name}_text")
    return drawing.fill("message", title=title, text=text, calm=calm)


def problem(drawing: Drawing, error: ApiError, client: int) -> str:
    """What went wrong with the API, in words that help."""
    return message(drawing, SHOWN_AS[type(error)], str(client))


def profile(drawing: Drawing, answer: Profile) -> str:
    lines = [(drawing.text(line.label), drawing.text(line.text)) for line in answer.lines]
    return drawing.fill("profile", client=answer.client_id, lines=lines)


def decision(drawing: Drawing, told: Explanation, model: Model) -> str:
    words, numbers = drawing.words, drawing.numbers
    outcome = words.named("outcome", told.outcome)
    low, high = (numbers.plain(bound, 2) for bound in model.band)
    return drawing.fill(
        "decision",
        told=told,
        outcome=outcome,
        # What is for the adviser to decide is nobody's proposal.
        proposed=model.automation == "advisory" and told.outcome != "refer",
        rules=[words.named("rule", code) for code in told.rules],
        gauge=chart_geometry.gauge(told.index, model.band),
        zone=_zone(told.index, model.band),
        low=low,
        high=high,
        cut=numbers.plain(0.5, 2),
    )


def _zone(index: float, band: tuple[float, float]) -> str:
    """Where the needle stands; a rule may still say otherwise."""
    if index < band[0]:
        return "approve"
    return "decline" if index > band[1] else "refer"


def reasons(drawing: Drawing, told: Explanation) -> str:
    """The API's sentences."""
    sentences = [(drawing.text(one.text), one.points) for one in told.reasons]
    return drawing.fill("reasons", told=told, sentences=sentences)
