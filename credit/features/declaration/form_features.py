"""How the features of the application form are declared and computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Declared, Feature, Risk, Unit, sources_of
from credit.features.expressions.vectorised import Computation, Quotient, Sum
from credit.localised_text import Text
from credit.schema import APPLICATION


@dataclass(frozen=True, kw_only=True)
class Form:
    """The features of one application form, in the order they are declared."""

    numbers: dict[str, tuple[Feature, Computation]] = field(default_factory=dict)
    words: dict[str, tuple[Feature, str]] = field(default_factory=dict)
    """Categories, with the column they are read from."""

    def feature(
        self, label: Text, *, unit: Unit, concept: Concept, risk: Risk = Risk.FREE
    ) -> Callable[[Declared], Declared]:
        """Declare a function of the form as a feature, under the function's name."""

        def declare(compute: Declared) -> Declared:
            self._add(compute.__name__, label, unit, concept, risk, compute)
            return compute

        return declare

    def number(
        self,
        name: str,
        label: Text,
        compute: Computation,
        *,
        unit: Unit,
        concept: Concept,
        risk: Risk = Risk.FREE,
    ) -> None:
        """Declare a function that has no name of its own as a feature."""
        self._add(name, label, unit, concept, risk, compute)

    def ratio(
        self,
        name: str,
        label: Text,
        part: Sum | str,
        whole: Sum | str,
        *,
        concept: Concept,
        unit: Unit = Unit.RATIO,
        risk: Risk = Risk.FREE,
    ) -> None:
        """Declare the quotient of two columns, or of sums of them, as a feature."""
        self._add(name, label, unit, concept, risk, Quotient.of(part, whole))

    def column(
        self, name: str, column: str, concept: Concept, risk: Risk = Risk.FREE, *, sign: int = 1
    ) -> None:
        """Declare a column as it is, under a name that speaks credit.

        Args:
            sign: -1 turns the source's negative days into an age.
        """
        declared = APPLICATION[column]
        label = declared.label or Text(declared.meaning, declared.meaning)
        unit = Unit(declared.unit)
        if unit is Unit.CATEGORY:
            sources = frozenset({f"{APPLICATION.name}.{column}"})
            feature = Feature(
                name=name, label=label, unit=unit, concept=concept, risk=risk, sources=sources
            )
            self.words[name] = (feature, column)
        else:
            self._add(name, label, unit, concept, risk, Sum({column: sign}))

    def _add(  # noqa: PLR0917 -- the fields of a feature, in their order
        self,
        name: str,
        label: Text,
        unit: Unit,
        concept: Concept,
        risk: Risk,
        compute: Computation,
    ) -> None:
        if name in self.numbers:
            raise ValueError(f"the feature {name} is declared twice")
        sources = sources_of(APPLICATION, compute)
        feature = Feature(
            name=name, label=label, unit=unit, concept=concept, risk=risk, sources=sources
        )
        self.numbers[name] = (feature, compute)

    def features(self) -> Iterator[Feature]:
        """Numbers first, then categories."""
        yield from (feature for feature, _ in self.numbers.values())
        yield from (feature for feature, _ in self.words.values())
