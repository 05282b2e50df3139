"""Render templates; all values are escaped."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from ui.api_models import Feature, FeatureValue, Language, LocalisedText
from ui.messages import Messages, typeset
from ui.number_format import NumberFormatter


@cache
def _template_environment() -> Environment:
    return Environment(
        loader=PackageLoader("ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class TemplateRenderer:
    """Renders templates in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.messages = Messages(language)
        self.numbers = NumberFormatter(self.messages)

    def localise(self, text: LocalisedText) -> str:
        """Return one of the API's texts in this language."""
        return text.en if self.language == "en" else typeset(text.fr)

    def format_value(
        self, value: FeatureValue, feature: Feature, digits: int | None = None
    ) -> str:
        """Format a feature value: a number with its unit, or the label of a category."""
        if isinstance(value, str):
            label = feature.words.get(value)
            return self.localise(label) if label else value
        return self.numbers.format_value(value, feature.unit, digits)

    def render(self, template: str, **values: object) -> str:
        """Render a template; it gets the texts as `w` and the number formatter as `n`."""
        source = _template_environment().get_template(f"{template}.html")
        return source.render(w=self.messages, n=self.numbers, **values)


def read_static(name: str) -> str:
    """Read a file of the static folder."""
    return files("ui").joinpath("static", name).read_text(encoding="utf-8")
