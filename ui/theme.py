"""The look of the page: one accent colour, light mode only, fonts shipped with Gradio."""

from __future__ import annotations

import gradio as gr

from ui.api_models import Language
from ui.rendering import read_static

INK, MUTED, LINE, BACKGROUND, ACCENT, ACCENT_DARK = (
    *("#14213d", "#475467", "#d9e0e8", "#f5f7fa"),
    *("#164a76", "#0f3b61"),
)

ACCENT_SHADES = gr.themes.Color(
    *("#f0f5fa", "#dce8f3", "#b9d1e7", "#8bb2d5", "#558dbd", "#2f6ea3", "#1f5a8c"),
    *(ACCENT, ACCENT_DARK, "#0b2f4e", "#071f35"),
    name="accent",
)
"""Shades of the accent colour, the lightest first."""


def build_theme() -> gr.themes.Base:
    # Some of the bundled SemiBold files lack Latin letters, so only regular and bold are used.
    font = gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700))
    base_theme = gr.themes.Base(
        primary_hue=ACCENT_SHADES,
        secondary_hue=ACCENT_SHADES,
        neutral_hue="slate",
        font=[font, "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_background_fill=BACKGROUND,
        body_text_color=INK,
        body_text_color_subdued=MUTED,
        block_background_fill="#fff",
        block_border_width="0px",
        block_label_text_color=INK,
        block_title_text_color=INK,
        block_title_text_weight="700",
        block_shadow="none",
        border_color_primary=LINE,
        input_background_fill="#fff",
        input_border_color="#8695a8",
        input_border_color_focus=ACCENT,
        input_border_width="1px",
        input_shadow="none",
        input_shadow_focus="none",
        checkbox_border_color="#667790",
        checkbox_background_color_selected=ACCENT,
        link_text_color=ACCENT,
    )
    return _remove_dark_variants(base_theme)


def _remove_dark_variants(base_theme: gr.themes.Base) -> gr.themes.Base:
    """Remove the dark variants, so that Gradio uses the light ones in dark mode."""
    for name in [name for name in vars(base_theme) if name.endswith("_dark")]:
        delattr(base_theme, name)
    return base_theme


def build_head(language: Language) -> str:
    """Return the content of `<head>`: no referrer to other sites, fixed language, style sheet.

    The style sheet is linked: Gradio would rewrite the selectors of an inline one and break some.
    """
    script = f'<script data-language="{language}">{read_static("pin.js")}</script>'
    return (
        '<meta name="referrer" content="same-origin">'
        '<meta name="color-scheme" content="light">'
        '<link rel="icon" href="../icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="../ui.css">' + script
    )
