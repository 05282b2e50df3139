"""Ablation: the effect of each part of the model, by fitting it without the part or with it added.

training set ──► variants ──► out-of-fold risks ──► difference to the full model, with interval
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from credit.policy import Policy
from training.data.dataset import TrainingSet
from training.evaluation.paired_bootstrap import (
    BootstrapMetrics,
    Difference,
    cross_validate_paired,
)
from training.experiments.ablation_variants import BASE_PARAMETERS, AblationVariant
from training.model.cross_validation import FOLD_COUNT


@dataclass(frozen=True, kw_only=True)
class AblationEffect:
    """The gain of a model with a part over a model without it."""

    group: str
    part: str
    features: int
    """Number of features of the part; 0 if it is not a set of features."""
    served: bool
    """True if the served model has the part."""
    auc: Difference
    business_score: Difference


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """The effects of all parts."""

    clients: int
    features: int
    seed: int
    bagged: int
    """Number of seeds over which each fit is bagged."""
    auc: Difference
    """AUC of the full model, out of fold, with its interval."""
    business_score: Difference
    """Business score of the full model, out of fold, with its interval."""
    rows: tuple[AblationEffect, ...]


def run_ablation(
    training_set: TrainingSet,
    variants: Sequence[AblationVariant],
    policy: Policy,
    *,
    seed: int,
    progress: Callable[[int], object],
    base_parameters: Mapping[str, Any] = BASE_PARAMETERS,
) -> Ablation:
    """Fit the full model and every variant on the same folds, each bagged over the same seeds.

    The intervals cover the sampling of clients, not the choice of seeds.

    Args:
        progress: Called with the number of finished fits, `count_ablation_steps` in total.
        base_parameters: Hyperparameters of the full model.
    """
    uncalibrated, full_model = cross_validate_paired(
        training_set, base_parameters, policy, seed=seed, progress=progress
    )
    rows = [
        _build_effect(
            full_model, uncalibrated, group="fitting", part="calibration", features=0, served=True
        )
    ]
    for variant in variants:
        _, variant_model = cross_validate_paired(
            variant.transform(training_set),
            {**base_parameters, **variant.parameters},
            policy,
            seed=seed,
            progress=progress,
        )
        with_part, without_part = (
            (variant_model, full_model) if variant.is_addition else (full_model, variant_model)
        )
        rows.append(
            _build_effect(
                with_part,
                without_part,
                group=variant.group,
                part=variant.part,
                features=variant.features,
                served=variant.is_served,
            )
        )
    return Ablation(
        clients=len(training_set),
        features=len(training_set.features),
        seed=seed,
        bagged=base_parameters["bagged"],
        auc=full_model.estimate("auc"),
        business_score=full_model.estimate("business_score"),
        rows=tuple(rows),
    )


def count_ablation_steps(variants: Sequence[AblationVariant]) -> int:
    """Count the fits of an ablation: every fold of the full model and of each variant."""
    return FOLD_COUNT * (len(variants) + 1)


def _build_effect(
    with_part: BootstrapMetrics,
    without_part: BootstrapMetrics,
    *,
    group: str,
    part: str,
    features: int,
    served: bool,
) -> AblationEffect:
    return AblationEffect(
        group=group,
        part=part,
        features=features,
        served=served,
        auc=with_part.difference_from(without_part, "auc"),
        business_score=with_part.difference_from(without_part, "business_score"),
    )
