"""Variants of the served model for the ablation: one part removed or added."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from credit.dossier import Floats
from credit.features import Concept, Feature, RiskDirection, Unit
from credit.localised_text import Text
from credit.policy import Policy
from credit.schema import APPLICATION, HISTORIES
from training.data.dataset import CREDIT_TERM_NAMES, TrainingSet
from training.model.hyperparameters import DEFAULT_PARAMETERS
from training.tracking.provenance import PROTECTED_GROUP

OPAQUE_SCORE_COLUMNS = frozenset(f"{APPLICATION.name}.EXT_SOURCE_{number}" for number in (1, 2, 3))
"""Scores of external agencies that do not publish how they are computed."""

MIN_BAGGING_SEEDS = 3
"""Minimum number of bagged models per fit, so that seed noise is not taken for an effect."""


def with_min_bagging(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters with at least `MIN_BAGGING_SEEDS` bagged models."""
    return {**parameters, "bagged": max(MIN_BAGGING_SEEDS, parameters["bagged"])}


BASE_PARAMETERS: Mapping[str, Any] = MappingProxyType(dict(with_min_bagging(DEFAULT_PARAMETERS)))

SEX_FEATURE = Feature(
    name="sex",
    label=Text("Sexe", "Sex"),
    unit=Unit.FLAG,
    concept=Concept.FAMILY,
    risk=RiskDirection.FREE,
    sources=frozenset({f"{APPLICATION.name}.CODE_GENDER"}),
)
"""Not in the catalogue and never in a request: only the ablation uses it."""


@dataclass(frozen=True, kw_only=True)
class AblationVariant:
    """A fit that differs from the served model in one part."""

    group: str
    part: str
    features: int = 0
    """Number of features of the part."""
    is_addition: bool = False
    """True if the variant has the part and the full model does not."""
    is_served: bool = True
    """True if the served model has the part."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Hyperparameters that differ from the full model's."""
    transform: Callable[[TrainingSet], TrainingSet] = lambda training_set: training_set
    """Builds the training set just before the fit: all at once would not fit into memory."""


def iter_ablation_variants(
    training_set: TrainingSet,
    sex: Floats,
    policy: Policy,
    *,
    parameters: Mapping[str, Any] = DEFAULT_PARAMETERS,
) -> Iterator[AblationVariant]:
    """Yield every variant with an effect that these clients can measure.

    Args:
        sex: 1 for men, 0 for women, NaN if unknown.
        parameters: Hyperparameters of the served model.
    """
    known_features = _select_known_features(training_set)
    for group, part, names in _iter_feature_groups(known_features, policy):
        if names and len(names) < len(known_features):
            yield _make_removal_variant(group, part, names)
    yield AblationVariant(
        group=PROTECTED_GROUP,
        part="sex (measured, never served)",
        features=1,
        is_addition=True,
        is_served=False,
        transform=lambda original: original.with_feature(SEX_FEATURE, sex),
    )
    is_monotone, bagging_seeds = parameters["monotone"], with_min_bagging(parameters)["bagged"]
    yield AblationVariant(
        group="fitting",
        part="declared directions of risk",
        parameters={"monotone": not is_monotone},
        is_addition=not is_monotone,
        is_served=is_monotone,
    )
    yield AblationVariant(
        group="fitting",
        part=f"bagging of {bagging_seeds} seeds",
        parameters={"bagged": 1},
        is_served=parameters["bagged"] == bagging_seeds,
    )


def encode_sex(categories: Sequence[str | None]) -> Floats:
    """Encode CODE_GENDER as 1 for men and 0 for women; any other value is NaN.

    >>> encode_sex(["M", "F", "XNA", None]).tolist()
    [1.0, 0.0, nan, nan]
    """
    codes = {"M": 1.0, "F": 0.0}
    return np.array([codes.get(category or "", np.nan) for category in categories])


def _iter_feature_groups(
    known_features: Mapping[str, Feature], policy: Policy
) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield group, part and the names of its features."""
    columns = {source for f in known_features.values() for source in f.sources}
    for table in (APPLICATION.name, *HISTORIES):
        table_columns = {column for column in columns if column.split(".")[0] == table}
        yield "table", table, _select_by_columns(known_features, table_columns)
    yield (
        "scores",
        "opaque external scores",
        _select_by_columns(known_features, OPAQUE_SCORE_COLUMNS),
    )
    for protected in policy.protected:
        if not protected.excluded:
            names = _select_by_columns(known_features, frozenset(protected.columns))
            yield PROTECTED_GROUP, protected.attribute, names
    for concept in Concept:
        names = frozenset(name for name, f in known_features.items() if f.concept is concept)
        yield "concept", concept.label.en, names


def _select_known_features(training_set: TrainingSet) -> Mapping[str, Feature]:
    """Return the features that are known for any client; those of absent tables are not."""
    known_mask = (~np.isnan(training_set.matrix)).sum(axis=0) > 0
    feature_flags = zip(training_set.features.items(), known_mask.tolist(), strict=True)
    return {
        name: feature
        for (name, feature), is_known in feature_flags
        if is_known or feature.is_categorical or name in CREDIT_TERM_NAMES
    }


def _select_by_columns(
    known_features: Mapping[str, Feature], columns: AbstractSet[str]
) -> frozenset[str]:
    """Return the names of the features that use any of these raw columns."""
    return frozenset(name for name, feature in known_features.items() if feature.sources & columns)


def _make_removal_variant(group: str, part: str, names: frozenset[str]) -> AblationVariant:
    return AblationVariant(
        group=group,
        part=part,
        features=len(names),
        transform=lambda original: original.drop_features(names),
    )
