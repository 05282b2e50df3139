"""Describe a registered version: what the registry shows of it before anyone opens its run."""

from __future__ import annotations

from training.gates import Verdict
from training.metrics.bootstrap import Interval
from training.metrics.fairness import Estimate
from training.reporting.formatting import format_measure, format_share
from training.reporting.training_summary import TrainingSummary


def build_version_description(summary: TrainingSummary) -> str:
    """Return the description of a version, and of its run, as Markdown."""
    data, policy = summary.model_metadata.data, summary.policy
    metrics, intervals = summary.model_metadata.metrics, summary.model_metadata.intervals
    auc = Estimate(value=metrics["auc"], interval=Interval(*intervals["auc"]))
    clients = f"{data['clients']:,}{' synthetic' if data['synthetic'] else ''} clients"
    performance = (
        f"AUC out of fold {format_measure(auc, 4)}; business score "
        f"{metrics['business_score']:.3f} at the threshold of policy {policy.version}."
    )
    model = (
        f"LightGBM, {len(summary.model_metadata.features)} features, {clients}, "
        f"{format_share(metrics['difficulty_rate'])} with difficulties."
    )
    origin = (
        f"Trained {data['trained_at']} on data {data['fingerprint'][:16]} by code {data['code']}. "
        "The data have no dates: the window of the applications is unknown."
    )
    lines = [f"**{_format_verdict(summary)}**", performance, model, origin]
    if data["synthetic"]:
        lines.append("The clients are synthetic: not for decisions on real applicants.")
    return "\n\n".join(lines)


def build_version_tags(summary: TrainingSummary) -> dict[str, str]:
    """Return the tags of a version, by which the registry can be searched."""
    data = summary.model_metadata.data
    passed = [finding.code for finding in summary.findings if finding.verdict is Verdict.PASSES]
    return {
        "auc": f"{summary.model_metadata.metrics['auc']:.4f}",
        "clients": str(data["clients"]),
        "code": str(data["code"]),
        "data": data["fingerprint"][:16],
        "features": str(len(summary.model_metadata.features)),
        "gates_passed": " ".join(passed),
        "gates_refused": " ".join(summary.blocking_codes) or "none",
        "gates_warned": " ".join(summary.warning_codes) or "none",
        "policy_version": summary.policy.version,
        "synthetic": "yes" if data["synthetic"] else "no",
        "trained_at": data["trained_at"],
    }


def _format_verdict(summary: TrainingSummary) -> str:
    if summary.blocking_codes:
        return f"Refused by {', '.join(summary.blocking_codes)}"
    if summary.warning_codes:
        return f"Passed every blocking gate; warnings: {', '.join(summary.warning_codes)}"
    return "Passed every gate"
