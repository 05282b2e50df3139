"""What each part of the model is worth: the same fit with the part left out, or put beside.

material ──► variants ──► out-of-fold risks ──► what the whole has more, with its interval
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from credit.policy import Policy
from training.data.dataset import Material
from training.evaluation.paired_bootstrap import Gain, Resampled, measured
from training.experiments.ablation_variants import BASE, Variant
from training.model.cross_validation import FOLDS


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a model with a part has more than one without it."""

    group: str
    part: str
    features: int
    served: bool
    """Whether the served model has it."""
    auc: Gain
    business_score: Gain


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """The parts of a model, each by its worth."""

    clients: int
    features: int
    seed: int
    bagged: int
    """Seeds of every fit."""
    auc: Gain
    """Of the whole model, out of fold."""
    business_score: Gain
    rows: tuple[Worth, ...]


def ablate(
    material: Material,
    variants: Sequence[Variant],
    policy: Policy,
    *,
    seed: int,
    progress: Callable[[int], object],
    base: Mapping[str, Any] = BASE,
) -> Ablation:
    """Fit the whole model and every variant on the same folds, each bagged over the same seeds.

    The intervals say what other clients would have changed, not what other seeds would.

    Args:
        progress: Told of `steps_of` steps.
    """
    raw, whole = measured(material, base, policy, seed=seed, progress=progress)
    rows = [_worth(whole, raw, group="fitting", part="calibration", features=0, served=True)]
    for variant in variants:
        _, other = measured(
            variant.change(material),
            {**base, **variant.parameters},
            policy,
            seed=seed,
            progress=progress,
        )
        more, less = (other, whole) if variant.added else (whole, other)
        rows.append(
            _worth(
                more,
                less,
                group=variant.group,
                part=variant.part,
                features=variant.features,
                served=variant.served,
            )
        )
    return Ablation(
        clients=len(material),
        features=len(material.features),
        seed=seed,
        bagged=base["bagged"],
        auc=whole.level("auc"),
        business_score=whole.level("business_score"),
        rows=tuple(rows),
    )


def steps_of(variants: Sequence[Variant]) -> int:
    """How often an ablation tells of progress: every fold of every fit."""
    return FOLDS * (len(variants) + 1)


def _worth(
    more: Resampled, less: Resampled, *, group: str, part: str, features: int, served: bool
) -> Worth:
    return Worth(
        group=group,
        part=part,
        features=features,
        served=served,
        auc=more.over(less, "auc"),
        business_score=more.over(less, "business_score"),
    )
