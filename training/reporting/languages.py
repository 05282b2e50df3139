"""The languages of the reports: French texts by their English originals, and French numbers.

templates (English) ──► gettext calls of jinja2 ──► translations/fr.yaml ──► the French page
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml

from credit.localised_text import Text

TRANSLATIONS_FOLDER = Path(__file__).parent / "translations"

NARROW_SPACE = "\u202f"
"""Separates thousands in French."""

FRENCH_NUMBERS = str.maketrans({",": NARROW_SPACE, ".": ","})


class Language(StrEnum):
    """A language of the reports."""

    EN = "en"
    FR = "fr"

    @property
    def label(self) -> str:
        """Return the name of the language in that language."""
        return {Language.EN: "English", Language.FR: "Français"}[self]

    def name_file(self, stem: str, suffix: str = "html") -> str:
        """Return the name of a file: English files have no language in their names.

        >>> Language.EN.name_file("report"), Language.FR.name_file("report")
        ('report.html', 'report.fr.html')
        """
        return f"{stem}.{suffix}" if self is Language.EN else f"{stem}.{self.value}.{suffix}"


@cache
def load_translations(language: Language) -> Mapping[str, str]:
    """Return the texts of a language by their English originals; English needs none."""
    if language is Language.EN:
        return {}
    path = TRANSLATIONS_FOLDER / f"{language.value}.yaml"
    translations: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return translations


def translate(text: str, language: Language) -> str:
    """Return a text in a language; texts without a translation stay English.

    >>> translate("Fairness", Language.FR)
    'Équité'
    """
    return load_translations(language).get(text, text)


def choose_language(text: Text, language: Language) -> str:
    """Return one of the two texts."""
    return text.fr if language is Language.FR else text.en


def localise_number(text: str, language: Language) -> str:
    """Write a formatted number, share or interval as a language does.

    >>> localise_number("1,234.5 (0.1 to 0.2)", Language.FR)
    '1\u202f234,5 (0,1 à 0,2)'
    """
    if language is Language.EN:
        return text
    localised = text.translate(FRENCH_NUMBERS).replace(" to ", " à ")
    return localised.replace("unknown", translate("unknown", language))
