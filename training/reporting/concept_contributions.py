"""Sum contributions by concept, since a picture cannot show every feature.

contributions by feature ──► sum over the features of a concept ──► plots and tables
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from credit.dossier import Floats
from credit.features import CATALOGUE, Concept
from training.evaluation.feature_importance import ExplanationSample


@dataclass(frozen=True, kw_only=True)
class ConceptContributions:
    """Contributions of a sample of clients, the most important concept first."""

    concepts: tuple[Concept, ...]
    contributions: Floats
    """Sum over the features of each concept, shape (clients, concepts), in log-odds."""
    leading_features: tuple[str, ...]
    """The most important numeric feature of each concept; any feature if none is numeric."""
    leading_values: Floats
    """Values of the leading features, shape (clients, concepts); NaN where unknown."""
    base: Floats
    """Log-odds without any contribution, shape (clients,)."""

    @property
    def importance(self) -> Mapping[Concept, float]:
        """Return the mean absolute contribution of each concept, in log-odds."""
        weights = np.abs(self.contributions).mean(axis=0).tolist()
        return dict(zip(self.concepts, weights, strict=True))


def sum_by_concept(sample: ExplanationSample) -> ConceptContributions:
    """Sum the contributions of a sample by concept.

    The sum of a client's contributions stays the same: the model is still explained exactly.
    Features of a concept may cancel out, so that its importance is at most the sum of theirs.
    """
    names = list(CATALOGUE)
    concept_names: dict[Concept, list[str]] = {}
    for name, feature in CATALOGUE.items():
        concept_names.setdefault(feature.concept, []).append(name)
    column_index = {name: index for index, name in enumerate(names)}
    totals = {
        concept: sample.contributions[:, [column_index[name] for name in members]].sum(axis=1)
        for concept, members in concept_names.items()
    }
    ordered = sorted(totals, key=lambda concept: -float(np.abs(totals[concept]).mean()))
    leading = [
        _find_leading_feature(concept_names[concept], sample.importance) for concept in ordered
    ]
    return ConceptContributions(
        concepts=tuple(ordered),
        contributions=np.column_stack([totals[concept] for concept in ordered]),
        leading_features=tuple(leading),
        leading_values=sample.matrix[:, [column_index[name] for name in leading]].astype(float),
        base=sample.contributions[:, -1],
    )


def _find_leading_feature(names: list[str], importance: Mapping[str, float]) -> str:
    numeric = [name for name in names if not CATALOGUE[name].is_categorical]
    return max(numeric or names, key=lambda name: importance[name])
