"""Hold what the gates check: the model as it would serve, and its evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from credit.dossier import Floats
from credit.features import Matrix
from credit.policy import Policy
from credit.scorer import Scorer
from stores.dossiers.parquet import DOSSIERS_PER_BATCH, DossierFile
from training.data.dataset import TrainingSet
from training.evaluation.champion import Champion
from training.evaluation.feature_importance import ExplanationSample
from training.metrics.bootstrap import WeightedRanking, bootstrap_weights
from training.metrics.fairness import FairnessAudit
from training.model.trainer import TrainedModel

SAMPLE_DOCUMENT_COUNT = 100
"""Number of clients that are also scored one by one from JSON."""


@dataclass(frozen=True)
class EvaluationResult:
    """The evaluation of one training, ready for the gates."""

    policy: Policy
    training_set: TrainingSet
    matrix: Matrix
    """Encoded as the final model expects it, shape (clients, features)."""
    trained_model: TrainedModel
    scorer: Scorer
    """The model as the service loads it."""
    explanation_sample: ExplanationSample
    dossiers: DossierFile
    champion: Champion | None
    audits: tuple[FairnessAudit, ...]
    seed: int

    @cached_property
    def bootstrap_aucs(self) -> list[float]:
        """Return the out-of-fold AUC of every resample."""
        ranking = WeightedRanking(self.training_set.labels, self.trained_model.oof_risk)
        return [
            ranking.compute_auc(weights)
            for weights in bootstrap_weights(len(self.training_set), self.seed)
        ]

    @cached_property
    def served_risks(self) -> Floats:
        """Return the risk of every client as the service answers it, shape (clients,)."""
        return self.scorer.predict_risk(self.matrix)

    def sample_documents(self) -> Iterator[tuple[int, str]]:
        """Yield index and dossier (JSON text) of some clients."""
        numbered_documents = (
            (index, text) for index, (_, text) in enumerate(self.dossiers.iter_documents())
        )
        step = max(1, min(len(self.training_set), DOSSIERS_PER_BATCH) // SAMPLE_DOCUMENT_COUNT)
        return islice(numbered_documents, 0, step * SAMPLE_DOCUMENT_COUNT, step)
