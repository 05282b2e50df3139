"""Declare the features that are computed from the application form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import (
    ExpressionT,
    Feature,
    RiskDirection,
    Unit,
    trace_sources,
)
from credit.features.expressions.vectorised import Expression, Ratio, WeightedSum
from credit.localised_text import Text
from credit.schema import APPLICATION


@dataclass(frozen=True, kw_only=True)
class FormFeatures:
    """A list of features of the application form, in order of declaration."""

    numeric_features: dict[str, tuple[Feature, Expression]] = field(default_factory=dict)
    categorical_features: dict[str, tuple[Feature, str]] = field(default_factory=dict)
    """Each categorical feature, with the column that it is read from."""

    def feature(
        self,
        label: Text,
        *,
        unit: Unit,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> Callable[[ExpressionT], ExpressionT]:
        """Declare a function of the form as a feature; the function's name is the feature's name."""

        def declare(compute: ExpressionT) -> ExpressionT:
            self._register_numeric(compute.__name__, label, unit, concept, risk, compute)
            return compute

        return declare

    def add_feature(
        self,
        name: str,
        label: Text,
        compute: Expression,
        *,
        unit: Unit,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> None:
        """Declare a formula as a feature with the given name."""
        self._register_numeric(name, label, unit, concept, risk, compute)

    def add_ratio(
        self,
        name: str,
        label: Text,
        numerator: WeightedSum | str,
        denominator: WeightedSum | str,
        *,
        concept: Concept,
        unit: Unit = Unit.RATIO,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> None:
        """Declare the ratio of two columns, or of two weighted sums of columns, as a feature.

        It is unknown where either term is unknown or the denominator is 0.
        """
        self._register_numeric(
            name, label, unit, concept, risk, Ratio.from_terms(numerator, denominator)
        )

    def add_column(
        self,
        name: str,
        column: str,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
        *,
        sign: int = 1,
    ) -> None:
        """Declare a raw column as a feature. Label and unit come from the schema.

        Args:
            sign: -1 turns days before the application, negative in the source, into an age.
        """
        schema_column = APPLICATION[column]
        label = schema_column.label or Text(schema_column.meaning, schema_column.meaning)
        unit = Unit(schema_column.unit)
        if unit is Unit.CATEGORY:
            sources = frozenset({f"{APPLICATION.name}.{column}"})
            feature = Feature(
                name=name, label=label, unit=unit, concept=concept, risk=risk, sources=sources
            )
            self.categorical_features[name] = (feature, column)
        else:
            self._register_numeric(name, label, unit, concept, risk, WeightedSum({column: sign}))

    def _register_numeric(  # noqa: PLR0917 -- the fields of a feature, in their order
        self,
        name: str,
        label: Text,
        unit: Unit,
        concept: Concept,
        risk: RiskDirection,
        compute: Expression,
    ) -> None:
        if name in self.numeric_features:
            raise ValueError(f"the feature {name} is declared twice")
        sources = trace_sources(APPLICATION, compute)
        feature = Feature(
            name=name, label=label, unit=unit, concept=concept, risk=risk, sources=sources
        )
        self.numeric_features[name] = (feature, compute)

    def iter_features(self) -> Iterator[Feature]:
        """Yield the numeric features, then the categorical ones."""
        yield from (feature for feature, _ in self.numeric_features.values())
        yield from (feature for feature, _ in self.categorical_features.values())
