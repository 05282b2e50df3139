"""Answers of the API as HTML: the profile, the decision, the reasons, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping

from ui import chart_geometry
from ui.api_client import ApiError, ApiFailure, ApiUnreachable, RequestRejected, UnknownClient
from ui.api_models import Explanation, Profile, ServedModel
from ui.rendering import TemplateRenderer

MESSAGE_NAMES: Mapping[type[ApiError], str] = {
    UnknownClient: "unknown_client",
    ApiUnreachable: "unreachable",
    RequestRejected: "refused",
    ApiFailure: "failed",
}


def render_header(renderer: TemplateRenderer, query: Mapping[str, str]) -> str:
    """The top of the page.

    Args:
        query: What the link to the other language carries on.
    """
    other = renderer.messages.in_other_language()
    return renderer.render("header", other=other, query=query)


def render_message(
    renderer: TemplateRenderer, name: str, client: str = "", *, calm: bool = False
) -> str:
    """A message in the place of a file: what is the matter, and what to do."""
    title = getattr(renderer.messages, f"{name}_title").format(client=client)
    text = getattr(renderer.messages, f"{name}_text")
    return renderer.render("message", title=title, text=text, calm=calm)


def render_api_error(renderer: TemplateRenderer, error: ApiError, client: int) -> str:
    """What went wrong with the API, in words that help."""
    return render_message(renderer, MESSAGE_NAMES[type(error)], str(client))


def render_profile(renderer: TemplateRenderer, client_profile: Profile) -> str:
    lines = [
        (renderer.localise(line.label), renderer.localise(line.text))
        for line in client_profile.lines
    ]
    return renderer.render("profile", client=client_profile.client_id, lines=lines)


def render_decision(
    renderer: TemplateRenderer, explanation: Explanation, model: ServedModel
) -> str:
    messages, numbers = renderer.messages, renderer.numbers
    outcome = messages.message_for_code("outcome", explanation.outcome)
    low, high = (numbers.format_number(bound, 2) for bound in model.band)
    return renderer.render(
        "decision",
        explanation=explanation,
        outcome=outcome,
        # What is for the adviser to decide is nobody's proposal.
        proposed=model.automation == "advisory" and explanation.outcome != "refer",
        rules=[messages.message_for_code("rule", code) for code in explanation.rules],
        gauge=chart_geometry.layout_gauge(explanation.index, model.band),
        zone=_zone_of_index(explanation.index, model.band),
        low=low,
        high=high,
        cut=numbers.format_number(0.5, 2),
    )


def _zone_of_index(index: float, band: tuple[float, float]) -> str:
    """Where the needle stands; a rule may still say otherwise."""
    if index < band[0]:
        return "approve"
    return "decline" if index > band[1] else "refer"


def render_reasons(renderer: TemplateRenderer, explanation: Explanation) -> str:
    """The API's sentences."""
    sentences = [(renderer.localise(reason.text), reason.points) for reason in explanation.reasons]
    return renderer.render("reasons", explanation=explanation, sentences=sentences)
