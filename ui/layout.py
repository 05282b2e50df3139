"""The Gradio page: its components and events. Texts and HTML come from the other modules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from ui import views
from ui.api_client import ApiClient
from ui.api_models import Language
from ui.controller import AdviserController, ClientFile, Suggestions
from ui.rendering import read_static

KEY_PATTERN = re.compile(r"[0-9a-f]{32}")
"""Form of an idempotency key, in the link to the other language."""

EVENT_OPTIONS: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_limit": None,
}
"""Options of every event: no spinner over the charts, no public endpoint, no queue."""


def build_page(api: ApiClient, language: Language) -> gr.Blocks:
    """Build the page in one language."""
    controller = AdviserController(api, language)
    page: gr.Blocks
    with gr.Blocks(title=controller.renderer.messages.title, analytics_enabled=False) as page:
        components = _build_components(controller)
        _connect_events(page, components, EventHandlers(controller, components))
    return page


@dataclass(frozen=True, kw_only=True)
class PageComponents:
    """The components that events read or update."""

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
    def file_outputs(self) -> list[Component]:
        """Return the components of an opened file, in the order of `_build_updates`."""
        return [
            *(self.message, self.profile, self.decision, self.reasons, self.steps),
            *(self.position, self.header, self.client, self.feature),
        ]


def _build_components(controller: AdviserController) -> PageComponents:
    renderer, messages = controller.renderer, controller.renderer.messages
    header = _build_html(views.render_header(renderer, {}))
    picker = _build_picker(controller)
    message = _build_html(views.render_message(renderer, "welcome", calm=True), elem_id="message")
    with gr.Row(elem_classes="pair first"):
        profile = _build_html(elem_id="profile")
        with gr.Column(elem_id="judged"):
            decision = _build_html(elem_id="decision")
            reasons = _build_html(elem_id="reasons")
    with gr.Row(elem_classes="pair second"):
        steps = _build_html(elem_id="steps")
        with gr.Column(elem_classes="card", elem_id="place"):
            _build_html(f'<h2 id="place-title">{messages.position_title}</h2>')
            feature = gr.Dropdown([], label=messages.choose_feature, elem_id="feature")
            similar = gr.Checkbox(label=messages.similar, elem_id="similar")
            position = _build_html(elem_id="position")
    _build_html(renderer.render("footer"))
    return PageComponents(
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


class EventHandlers:
    """Handlers of the page's events; Gradio passes the values of components by position."""

    def __init__(self, controller: AdviserController, components: PageComponents) -> None:
        self._controller = controller
        self._no_updates = [gr.skip()] * (1 + len(components.file_outputs))

    async def open_file(self, typed: str, feature: str | None, similar: bool) -> list[Any]:  # noqa: FBT001 -- passed by Gradio
        """Open the file of the typed client number."""
        return self._build_updates(
            await self._controller.open_file(typed or "", feature, similar=similar)
        )

    async def open_linked_file(self, request: gr.Request) -> list[Any]:
        """Open the file of the client in the address, if there is one; also return its number."""
        typed = request.query_params.get("client", "")
        key = request.query_params.get("asked", "")
        if not typed:
            return self._no_updates
        valid_key = key if KEY_PATTERN.fullmatch(key) else ""
        return [
            typed,
            *self._build_updates(
                await self._controller.open_file(typed, None, similar=False, key=valid_key)
            ),
        ]

    async def compare_feature(self, client: int | None, feature: str | None, similar: bool) -> str:  # noqa: FBT001 -- passed by Gradio
        """Render the client's position by another feature."""
        if client is None or feature is None:
            return self._controller.renderer.render("comparison_failed")
        return await self._controller.compare_feature(client, feature, similar=similar)

    def _build_updates(self, file: ClientFile) -> list[Any]:
        query = {"client": str(file.client), "asked": file.key} if file.client is not None else {}
        features = gr.Dropdown(file.features, value=file.feature) if file.feature else gr.skip()
        return [
            *(file.message, file.profile, file.decision, file.reasons, file.steps),
            *(
                file.position,
                views.render_header(self._controller.renderer, query),
                file.client,
                features,
            ),
        ]


def _connect_events(page: gr.Blocks, components: PageComponents, handlers: EventHandlers) -> None:
    load_event = page.load(
        handlers.open_linked_file,
        None,
        [components.picker, *components.file_outputs],
        **EVENT_OPTIONS,
    )
    submit_event = components.picker.submit(
        handlers.open_file,
        [components.picker, components.feature, components.similar],
        components.file_outputs,
        trigger_mode="always_last",
        **EVENT_OPTIONS,
    )
    compare_event = gr.on(
        [components.feature.input, components.similar.input],
        handlers.compare_feature,
        [components.client, components.feature, components.similar],
        components.position,
        trigger_mode="always_last",
        **EVENT_OPTIONS,
    )
    load_event.then(None, js=_build_answered_script("main"))
    submit_event.then(None, js=_build_answered_script("main"))
    compare_event.then(None, js=_build_answered_script("#position"))


def _build_html(value: str = "", **options: Any) -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, **options)


def _build_picker(controller: AdviserController) -> gr.HTML:
    async def suggest(typed: str) -> Suggestions:
        return await controller.suggest_clients(typed)

    return gr.HTML(
        "",
        html_template=controller.renderer.render("picker"),
        js_on_load=read_static("picker.js"),
        server_functions=[suggest],
        apply_default_css=False,
        elem_id="picker",
    )


def _build_answered_script(selector: str) -> str:
    """Return the script that notifies picker.js of a new result, for screen readers."""
    return (
        f'() => {{ window.dispatchEvent(new CustomEvent("answered", {{detail: "{selector}"}})); }}'
    )
