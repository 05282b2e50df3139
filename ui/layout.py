"""The page: what is on it, and what happens when. Words, drawings and answers come from beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from ui import views
from ui.api_client import Api
from ui.api_models import Language
from ui.controller import Adviser, File, Suggested
from ui.rendering import static

KEY = re.compile(r"[0-9a-f]{32}")
"""Of a decision, in the link to the other language."""

ASIDE: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_limit": None,
}
"""Of every event: no spinner over our drawings, no public endpoint, no waiting for others."""


def build(api: Api, language: Language) -> gr.Blocks:
    """The page in one language."""
    adviser = Adviser(api, language)
    page: gr.Blocks
    with gr.Blocks(title=adviser.drawing.words.title, analytics_enabled=False) as page:
        parts = _laid_out(adviser)
        _wired(page, parts, Answers(adviser, parts))
    return page


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What is on the page and changes."""

    header: gr.HTML
    picker: gr.HTML
    message: gr.HTML
    profile: gr.HTML
    decision: gr.HTML
    reasons: gr.HTML
    steps: gr.HTML
    feature: gr.Dropdown
    similar: gr.Checkbox
    position: gr.HTML
    client: gr.State

    @property
    def shown(self) -> list[Component]:
        """The parts that an opened file fills, in the order of `Answers._file`."""
        return [
            *(self.message, self.profile, self.decision, self.reasons, self.steps),
            *(self.position, self.header, self.client, self.feature),
        ]


def _laid_out(adviser: Adviser) -> Parts:
    drawing, words = adviser.drawing, adviser.drawing.words
    header = _html(views.header(drawing, {}))
    picker = _picker(adviser)
    message = _html(views.message(drawing, "welcome", calm=True), elem_id="message")
    with gr.Row(elem_classes="pair first"):
        profile = _html(elem_id="profile")
        with gr.Column(elem_id="judged"):
            decision = _html(elem_id="decision")
            reasons = _html(elem_id="reasons")
    with gr.Row(elem_classes="pair second"):
        steps = _html(elem_id="steps")
        with gr.Column(elem_classes="card", elem_id="place"):
            _html(f'<h2 id="place-title">{words.position_title}</h2>')
            feature = gr.Dropdown([], label=words.choose_feature, elem_id="feature")
            similar = gr.Checkbox(label=words.similar, elem_id="similar")
            position = _html(elem_id="position")
    _html(drawing.fill("footer"))
    return Parts(
        header=header,
        picker=picker,
        message=message,
        profile=profile,
        decision=decision,
        reasons=reasons,
        steps=steps,
        feature=feature,
        similar=similar,
        position=position,
        client=gr.State(None),
    )


class Answers:
    """What happens when the adviser does something. Gradio passes values by place."""

    def __init__(self, adviser: Adviser, parts: Parts) -> None:
        self._adviser = adviser
        self._nothing = [gr.skip()] * (1 + len(parts.shown))

    async def ask(self, typed: str, by: str | None, alike: bool) -> list[Any]:  # noqa: FBT001 -- Gradio's way
        """The file of the client whose number was typed."""
        return self._file(await self._adviser.open(typed or "", by, similar=alike))

    async def ask_linked(self, request: gr.Request) -> list[Any]:
        """The number and the file of the client named in the address, if one is."""
        typed = request.query_params.get("client", "")
        key = request.query_params.get("asked", "")
        if not typed:
            return self._nothing
        known = key if KEY.fullmatch(key) else ""
        return [
            typed,
            *self._file(await self._adviser.open(typed, None, similar=False, key=known)),
        ]

    async def compare(self, client: int | None, by: str | None, alike: bool) -> str:  # noqa: FBT001 -- Gradio's way
        """The client's place by another feature."""
        if client is None or by is None:
            return self._adviser.drawing.fill("incomparable")
        return await self._adviser.compare(client, by, similar=alike)

    def _file(self, file: File) -> list[Any]:
        linked = {"client": str(file.client), "asked": file.key} if file.client is not None else {}
        features = gr.Dropdown(file.features, value=file.feature) if file.feature else gr.skip()
        return [
            *(file.message, file.profile, file.decision, file.reasons, file.steps),
            *(file.position, views.header(self._adviser.drawing, linked), file.client, features),
        ]


def _wired(page: gr.Blocks, parts: Parts, answers: Answers) -> None:
    linked = page.load(answers.ask_linked, None, [parts.picker, *parts.shown], **ASIDE)
    asked = parts.picker.submit(
        answers.ask,
        [parts.picker, parts.feature, parts.similar],
        parts.shown,
        trigger_mode="always_last",
        **ASIDE,
    )
    compared = gr.on(
        [parts.feature.input, parts.similar.input],
        answers.compare,
        [parts.client, parts.feature, parts.similar],
        parts.position,
        trigger_mode="always_last",
        **ASIDE,
    )
    linked.then(None, js=_answered("main"))
    asked.then(None, js=_answered("main"))
    compared.then(None, js=_answered("#position"))


def _html(value: str = "", **where: Any) -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, **where)


def _picker(adviser: Adviser) -> gr.HTML:
    async def suggest(typed: str) -> Suggested:
        return await adviser.suggest(typed)

    return gr.HTML(
        "",
        html_template=adviser.drawing.fill("picker"),
        js_on_load=static("picker.js"),
        server_functions=[suggest],
        apply_default_css=False,
        elem_id="picker",
    )


def _answered(where: str) -> str:
    """Tells the picker that an answer is in the page; it says so to screen readers."""
    return f'() => {{ window.dispatchEvent(new CustomEvent("answered", {{detail: "{where}"}})); }}'
