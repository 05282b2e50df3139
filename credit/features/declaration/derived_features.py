"""Declare and evaluate features that are computed from other features.

The parameter names of a formula are the names of the features that it takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from credit.dossier import Floats
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Feature, RiskDirection, Unit
from credit.features.expressions.nan_arithmetic import divide_or_nan
from credit.localised_text import Text

DerivedFormula = Callable[..., Floats]


@dataclass(frozen=True, kw_only=True)
class DerivedFeature:
    """A formula, the names of its input features, and the remaining fields of its `Feature`."""

    inputs: tuple[str, ...]
    compute: DerivedFormula
    metadata: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DerivedFeatures:
    """A list of derived features, in order of declaration."""

    declared: dict[str, DerivedFeature] = field(default_factory=dict)

    def feature(
        self,
        label: Text,
        *,
        unit: Unit,
        concept: Concept,
        risk: RiskDirection = RiskDirection.FREE,
    ) -> Callable[[DerivedFormula], DerivedFormula]:
        """Declare a function of base features as a feature; its parameters name its inputs."""

        def declare(compute: DerivedFormula) -> DerivedFormula:
            metadata = {"label": label, "unit": unit, "concept": concept, "risk": risk}
            inputs = tuple(inspect.signature(compute).parameters)
            self.declared[compute.__name__] = DerivedFeature(
                inputs=inputs, compute=compute, metadata=metadata
            )
            return compute

        return declare

    def add_ratio(
        self,
        name: str,
        label: Text,
        numerator: str,
        denominator: str,
        *,
        concept: Concept,
        risk: RiskDirection,
    ) -> None:
        """Declare the ratio of two base features as a feature."""
        metadata = {"label": label, "unit": Unit.RATIO, "concept": concept, "risk": risk}
        self.declared[name] = DerivedFeature(
            inputs=(numerator, denominator), compute=divide_or_nan, metadata=metadata
        )

    def build_features(self, base_features: Mapping[str, Feature]) -> list[Feature]:
        """Build the metadata of all derived features; their sources are those of their inputs.

        Raises:
            KeyError: An input is not a base feature.
        """
        return [
            Feature(
                name=name,
                sources=frozenset().union(
                    *(base_features[input_name].sources for input_name in derived.inputs)
                ),
                **derived.metadata,
            )
            for name, derived in self.declared.items()
        ]


class DerivedFeatureEvaluator:
    """Derived features, compiled to rows of a matrix; all ratios are computed in one division."""

    def __init__(
        self, derived_features: DerivedFeatures, feature_index: Mapping[str, int]
    ) -> None:
        compiled = [
            (
                feature_index[name],
                [feature_index[input_name] for input_name in derived.inputs],
                derived.compute,
            )
            for name, derived in derived_features.declared.items()
        ]
        self._ratio_rows, self._numerator_rows, self._denominator_rows = np.array(
            [
                (row, *input_rows)
                for row, input_rows, compute in compiled
                if compute is divide_or_nan
            ],
            dtype=np.int64,
        ).T
        self._other_formulas = [formula for formula in compiled if formula[2] is not divide_or_nan]

    def fill(self, matrix: Floats) -> None:
        """Fill in the rows of derived features from the other rows; shape (features, dossiers)."""
        matrix[self._ratio_rows] = divide_or_nan(
            matrix[self._numerator_rows], matrix[self._denominator_rows]
        )
        for row, input_rows, compute in self._other_formulas:
            matrix[row] = compute(*(matrix[input_row] for input_row in input_rows))
