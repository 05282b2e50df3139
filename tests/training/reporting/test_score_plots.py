"""Test the plots of a run."""

from __future__ import annotations

from pathlib import Path

from credit.policy import Policy
from training.gates import EvaluationResult
from training.reporting.plots import draw_concept_plots
from training.reporting.score_plots import draw_curves

PNG = b"\x89PNG"
CURVES = {
    "calibration.png", "cost.png", "ks.png", "lift.png", "precision_recall.png", "roc.png",
    "score_histogram.png",
}  # fmt: skip
CONCEPT_PLOTS = {"contributions_by_concept.png", "importance_by_concept.png"}


def test_every_plot_of_a_run_is_a_picture(
    evidence: EvaluationResult, policy: Policy, tmp_path: Path
) -> None:
    draw_curves(evidence.training_set.labels, evidence.trained_model.oof_risk, policy, tmp_path)
    draw_concept_plots(evidence.explanation_sample, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == CURVES | CONCEPT_PLOTS
    assert all(path.read_bytes().startswith(PNG) for path in tmp_path.iterdir())
