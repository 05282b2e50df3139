"""The jinja2 environment of every HTML page and fragment."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from training.reporting.formatting import TEMPLATE_FILTERS

_ENVIRONMENT = Environment(
    loader=PackageLoader("training.reporting"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)
_ENVIRONMENT.filters |= TEMPLATE_FILTERS


def render_html(template: str, **variables: object) -> str:
    """Render a template of `training/reporting/templates`; values are escaped.

    Raises:
        jinja2.UndefinedError: the template uses a variable that is not given.
    """
    return _ENVIRONMENT.get_template(template).render(**variables)
