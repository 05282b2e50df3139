"""Render the API's responses as HTML: profile, decision, reasons and errors."""

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
"""Prefix of the title and text of each error in `Messages`."""


def render_header(renderer: TemplateRenderer, query: Mapping[str, str]) -> str:
    """Render the top of the page.

    Args:
        renderer: Renderer of the page's language.
        query: Query parameters of the link to the other language.
    """
    other = renderer.messages.in_other_language()
    return renderer.render("header", other=other, query=query)


def render_message(
    renderer: TemplateRenderer, name: str, client: str = "", *, calm: bool = False
) -> str:
    """Render a message instead of a file: what happened and what to do."""
    title = getattr(renderer.messages, f"{name}_title").format(client=client)
    text = getattr(renderer.messages, f"{name}_text")
    return renderer.render("message", title=title, text=text, calm=calm)


def render_api_error(renderer: TemplateRenderer, error: ApiError, client: int) -> str:
    """Render the message for an error of the API."""
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
        # A referral is the adviser's decision, so it is not shown as a proposal.
        proposed=model.automation == "advisory" and explanation.outcome != "refer",
        rules=[_describe_rule(renderer, explanation, code) for code in explanation.rules],
        other_unknown_fields=_list_labels(renderer, explanation, is_requested=False),
        gauge=chart_geometry.layout_gauge(explanation.index, model.band),
        zone=_zone_of_index(explanation.index, model.band),
        low=low,
        high=high,
        cut=numbers.format_number(0.5, 2),
    )


def _describe_rule(renderer: TemplateRenderer, explanation: Explanation, code: str) -> str:
    """Return the text of a rule; that of a missing field names the fields."""
    text = renderer.messages.message_for_code("rule", code)
    if code == "not-stated":
        return f"{text} {_list_labels(renderer, explanation, is_requested=True)}"
    return text


def _list_labels(
    renderer: TemplateRenderer, explanation: Explanation, *, is_requested: bool
) -> str:
    """List the labels of the unknown fields that are, or are not, to be requested."""
    return ", ".join(
        renderer.localise(unknown_field.label)
        for unknown_field in explanation.unknown_fields
        if (unknown_field.field in explanation.not_stated) is is_requested
    )


def _zone_of_index(index: float, band: tuple[float, float]) -> str:
    """Return the outcome of the score alone; a rule can make the decision's outcome stricter."""
    if index < band[0]:
        return "approve"
    return "decline" if index > band[1] else "refer"


def render_reasons(renderer: TemplateRenderer, explanation: Explanation) -> str:
    """Render the reasons with the API's sentences."""
    sentences = [(renderer.localise(reason.text), reason.points) for reason in explanation.reasons]
    return renderer.render("reasons", explanation=explanation, sentences=sentences)
