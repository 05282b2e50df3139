"""What the gates look at: the model as it would serve, and what it says of its clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from credit.dossier import Floats
from credit.features import Matrix
from credit.policy import Policy
from credit.scorer import Scorer
from stores.dossiers.parquet import BATCH, DossierFile
from training.data.dataset import Material
from training.evaluation.champion import Champion
from training.evaluation.feature_importance import Explained
from training.metrics.bootstrap import Ranking, resamples
from training.metrics.fairness import Audit
from training.model.trainer import Fitted

ASKED = 100
"""Clients who are also scored one by one from their JSON document."""


@dataclass(frozen=True)
class Evidence:
    """One training, ready to be judged."""

    policy: Policy
    material: Material
    matrix: Matrix
    """With the final model's categories, shape (clients, features)."""
    fitted: Fitted
    scorer: Scorer
    """The model as the service would load it."""
    explained: Explained
    dossiers: DossierFile
    champion: Champion | None
    audits: tuple[Audit, ...]
    seed: int

    @cached_property
    def aucs(self) -> list[float]:
        """The out-of-fold AUC under every resample."""
        ranking = Ranking(self.material.labels, self.fitted.unseen)
        return [ranking.auc(weights) for weights in resamples(len(self.material), self.seed)]

    @cached_property
    def served(self) -> Floats:
        """Risk of every client as the service would answer."""
        return self.scorer.risk(self.matrix)

    def documents(self) -> Iterator[tuple[int, str]]:
        """Some clients: their place in the material, and their dossier as JSON text."""
        some = ((place, text) for place, (_, text) in enumerate(self.dossiers.documents()))
        step = max(1, min(len(self.material), BATCH) // ASKED)
        return islice(some, 0, step * ASKED, step)
