"""The jinja2 environments of every HTML page and fragment, one for each language."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from training.reporting.formatting import TEMPLATE_FILTERS
from training.reporting.languages import (
    Language,
    choose_language,
    localise_number,
    translate,
)
from training.reporting.page_links import find_headings


@cache
def create_environment(language: Language) -> Environment:
    """Return the environment of a language.

    `_()` and `{% trans %}` translate the texts of templates.
    """
    environment = Environment(
        loader=PackageLoader("training.reporting"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
    )
    gettext = partial(translate, language=language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        gettext,
        lambda singular, plural, count: gettext(singular if count == 1 else plural),
        newstyle=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters |= create_filters(language)
    return environment


def create_filters(language: Language) -> dict[str, Callable[..., Any]]:
    """Return the filters of the templates of pages and documents in a language.

    `translate` and `in_language` are for texts from the code; `number` and its kin write numbers.
    """
    numbers = {
        name: _localise(format_value, language) for name, format_value in TEMPLATE_FILTERS.items()
    }
    return numbers | {
        "translate": partial(translate, language=language),
        "in_language": partial(choose_language, language=language),
        "localise": partial(localise_number, language=language),
        "headings": find_headings,
    }


def _localise(format_value: Callable[..., str], language: Language) -> Callable[..., str]:
    def format_localised(*arguments: Any, **options: Any) -> str:
        return localise_number(format_value(*arguments, **options), language)

    return format_localised


def render_html(template: str, *, language: Language = Language.EN, **variables: object) -> str:
    """Render a template of `training/reporting/templates`; values are escaped.

    Raises:
        jinja2.UndefinedError: the template uses a variable that is not given.
    """
    environment = create_environment(language)
    return environment.get_template(template).render(language=language, **variables)
