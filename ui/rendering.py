"""Templates filled: what a template is given is escaped, whatever it holds."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from ui.api_models import Feature, Language, Text, Value
from ui.messages import Words, typeset
from ui.number_format import Numbers


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Drawing:
    """Fills templates in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self.words = Words(language)
        self.numbers = Numbers(self.words)

    def text(self, text: Text) -> str:
        """The API's words."""
        return text.en if self.language == "en" else typeset(text.fr)

    def value(self, value: Value, feature: Feature, digits: int | None = None) -> str:
        """A value of a feature as people read it: a number with its unit, or words."""
        if isinstance(value, str):
            known = feature.words.get(value)
            return self.text(known) if known else value
        return self.numbers.said(value, feature.unit, digits)

    def fill(self, template: str, **values: object) -> str:
        """A template, with the words as `w` and the numbers as `n`."""
        found = _templates().get_template(f"{template}.html")
        return found.render(w=self.words, n=self.numbers, **values)


def static(name: str) -> str:
    """The text of a file of the page."""
    return files("ui").joinpath("static", name).read_text(encoding="utf-8")
