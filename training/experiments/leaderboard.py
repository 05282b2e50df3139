"""The leaderboard of a comparison: calibrate each model out of fold and compute its metrics.

out-of-fold risks ──► log-odds ──► calibrated on the other folds ──► metrics, paired difference
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from credit.dossier import Floats
from credit.policy import Policy
from training.data.dataset import TrainingSet
from training.evaluation.paired_bootstrap import BootstrapMetrics, Difference
from training.experiments.fold_runner import FoldPredictions
from training.metrics.credit_metrics import compute_metrics
from training.model.calibration import calibrate_out_of_fold
from training.model.challengers import ImbalanceStrategy

SERVED_MODEL = "LightGBM as served"
"""Name of the model that training publishes."""

CandidateKey = tuple[str, bool, ImbalanceStrategy]
"""Model name, whether it is tuned, and its imbalance strategy."""


@dataclass(frozen=True, kw_only=True)
class LeaderboardRow:
    """Out-of-fold results of one model with one imbalance strategy."""

    model: str
    tuned: bool
    balance: str
    parameters: Mapping[str, float]
    """Hyperparameters found in the first fold; every fold has its own search."""
    before: Mapping[str, float]
    """Metrics before calibration."""
    after: Mapping[str, float]
    """Metrics after Platt scaling fitted on the other folds."""
    auc: Difference
    """AUC after calibration, with its interval."""
    over_served: Difference
    """AUC minus the served model's, by paired bootstrap, after calibration."""
    fit_seconds: float
    """Mean time to fit a fold, without the search."""
    latency_ms: float
    """Median time to predict one row."""
    stored_clients: int
    """Rows of real clients in the file of the model if it were fitted on all clients."""


class Leaderboard:
    """Build the row of each model on the same clients; the first model is the reference."""

    def __init__(self, training_set: TrainingSet, policy: Policy, seed: int) -> None:
        self._labels = training_set.labels
        self._policy = policy
        self._seed = seed
        self._reference: BootstrapMetrics | None = None

    def build_row(
        self, key: CandidateKey, predictions: FoldPredictions, fold_ids: Floats
    ) -> LeaderboardRow:
        """Calibrate the predictions of a model and compute its metrics.

        Args:
            fold_ids: The fold in which each client was in the validation part.
        """
        calibrated_risks = calibrate_out_of_fold(
            predictions.compute_log_odds(), self._labels, fold_ids
        )
        bootstrap_metrics = BootstrapMetrics.from_risks(
            self._labels, calibrated_risks, self._policy, seed=self._seed
        )
        self._reference = self._reference or bootstrap_metrics
        model, tuned, balance = key
        return LeaderboardRow(
            model=model,
            tuned=tuned,
            balance=balance.value,
            parameters=predictions.parameters,
            before=compute_metrics(self._labels, predictions.risks, self._policy),
            after=compute_metrics(self._labels, calibrated_risks, self._policy),
            auc=bootstrap_metrics.estimate("auc"),
            over_served=bootstrap_metrics.difference_from(self._reference, "auc"),
            fit_seconds=predictions.fit_seconds,
            latency_ms=predictions.latency_ms,
            stored_clients=len(self._labels) if predictions.stores_clients else 0,
        )
