"""Templates filled: what a template is given is escaped, whatever it holds."""

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
    """Fills templates in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.messages = Messages(language)
        self.numbers = NumberFormatter(self.messages)

    def localise(self, text: LocalisedText) -> str:
        """The API's words."""
        return text.en if self.language == "en" else typeset(text.fr)

    def format_value(
        self, value: FeatureValue, feature: Feature, digits: int | None = None
    ) -> str:
        """A value of a feature as people read it: a number with its unit, or words."""
        if isinstance(value, str):
            label = feature.words.get(value)
            return self.localise(label) if label else value
        return self.numbers.format_value(value, feature.unit, digits)

    def render(self, template: str, **values: object) -> str:
        """A template, with the words as `w` and the numbers as `n`."""
        source = _template_environment().get_template(f"{template}.html")
        return source.render(w=self.messages, n=self.numbers, **values)


def read_static(name: str) -> str:
    """The text of a file of the page."""
    return files("ui").joinpath("static", name).read_text(encoding="utf-8")
