"""Responses of the fake API, parsed for the views, and their HTML as text."""

from __future__ import annotations

import re
from typing import Any

from tests.support.page.api_responses import make_explanation, make_model
from ui.api_models import Explanation, ServedModel
from ui.rendering import TemplateRenderer

MODEL = ServedModel.model_validate(make_model())
FR, EN = TemplateRenderer("fr"), TemplateRenderer("en")


def parse_explanation(client: int, **overrides: Any) -> Explanation:
    """Return a client's decision, with some fields replaced."""
    return Explanation.model_validate(make_explanation(client) | overrides)


def strip_tags(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())
