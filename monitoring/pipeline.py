"""Drift analysis from end to end: two samples ──► comparison ──► findings ──► output files."""

from __future__ import annotations

from pathlib import Path

from credit.scorer import Scorer
from monitoring.comparison import DriftResult, compare_samples
from monitoring.drift_checks import DriftFinding, collect_findings
from monitoring.evidently_report import write_report
from monitoring.outputs import (
    FINDINGS_FILE,
    REPORT_FILE,
    atomic_write_folder,
    check_output_folder,
    write_findings,
)
from monitoring.request import DriftRequest
from monitoring.sample import Sample
from monitoring.sources import load_folder, load_ledger, load_training
from stores.models.bento_store import find_bento_model, get_champion_tag, load_scorer
from stores.progress import ProgressReporter
from stores.raw_tables.lender_mapping import APPLICATION_FILE_NAMES
from stores.settings import Settings

REFERENCE_TABLE, CURRENT_TABLE = APPLICATION_FILE_NAMES


def run_drift_analysis(
    settings: Settings, request: DriftRequest, out: Path, progress: ProgressReporter
) -> tuple[DriftResult, list[DriftFinding]]:
    """Compare the two samples and write findings.json and report.html into `out`.

    Raises:
        CreditError: No champion, nothing to compare, invalid tables, or `out` is not writable.
    """
    check_output_folder(out)
    scorer = load_scorer(find_bento_model(get_champion_tag(settings)))
    current = _load_current(settings, request, scorer, progress)
    reference = _load_reference(settings, request, scorer, progress)
    with progress.step("comparing every column"):
        drift = compare_samples(reference, current)
        findings = collect_findings(drift)
    with progress.step("writing the report"), atomic_write_folder(out) as staging:
        write_report(drift, findings, staging / REPORT_FILE)
        write_findings(drift, findings, staging / FINDINGS_FILE)
    return drift, findings


def _load_reference(
    settings: Settings, request: DriftRequest, scorer: Scorer, progress: ProgressReporter
) -> Sample:
    if request.reference is None:
        return load_training(settings, scorer, progress)
    return load_folder(
        request.reference, REFERENCE_TABLE, settings, scorer, progress, lender=request.lender
    )


def _load_current(
    settings: Settings, request: DriftRequest, scorer: Scorer, progress: ProgressReporter
) -> Sample:
    if request.current is None:
        return load_ledger(settings, request.since, scorer, progress)
    return load_folder(
        request.current, CURRENT_TABLE, settings, scorer, progress, lender=request.lender
    )
