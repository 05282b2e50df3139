"""Hold text in the languages of the adviser's page and the client's letter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)  # no slots: an explanation has a thousand, and is encoded twice as fast
class Text:
    """The same text in French and in English."""

    fr: str
    en: str

    def format(self, **values: Text | str) -> Text:
        """Fill placeholders; a `Text` value is inserted in each language.

        >>> Text("{what} : moyenne", "{what}: mean").format(what=Text("Dette", "Debt"))
        Text(fr='Dette : moyenne', en='Debt: mean')
        """
        texts = {
            key: value if isinstance(value, Text) else Text(value, value)
            for key, value in values.items()
        }
        return Text(
            self.fr.format(**{key: value.fr for key, value in texts.items()}),
            self.en.format(**{key: value.en for key, value in texts.items()}),
        )
