"""Seed faults into copies of the tree, and check that a test fails for each.

Run `python -m tests.seeded_faults [WORD...]` on a green tree; words choose faults by their title.
A fault that no test notices, or that keeps the tests from running, makes the command end with 1.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).parents[1]
PARALLEL_RUNS = os.cpu_count() or 1


@dataclass(frozen=True)
class Fault:
    """A change of one place that the tests must notice."""

    title: str
    file: str
    right: str
    """Source text that occurs exactly once in the file."""
    wrong: str
    tests: str
    """Tests of which one must fail."""

    def seed(self, tree: Path) -> None:
        """Put the fault into a tree.

        Raises:
            ValueError: The source text does not occur exactly once.
        """
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if (count := text.count(self.right)) != 1:
            raise ValueError(f"{self.title}: {self.right!r} occurs {count} times in {self.file}")
        path.write_text(text.replace(self.right, self.wrong), encoding="utf-8")


FAULTS = (
    Fault(
        "the score is inverted",
        "credit/scorer.py",
        "self._booster.predict(features, num_threads=1)",
        "1 - self._booster.predict(features, num_threads=1)",
        "tests/credit",
    ),
    Fault(
        "the threshold uses the other cost",
        "credit/policy.py",
        "return self.refused_good_cost / (",
        "return self.missed_difficulties_cost / (",
        "tests/credit",
    ),
    Fault(
        "a decision is answered without being recorded",
        "serving/core/decision_engine.py",
        "self.ledger.append(records)",
        "pass",
        "tests/end_to_end/serving/test_decisions.py",
    ),
    Fault(
        "a feature is in years instead of days",
        "credit/features/definitions/application_ratios.py",
        'CAR_AGE_DAYS = WeightedSum({"OWN_CAR_AGE": DAYS_PER_YEAR})',
        'CAR_AGE_DAYS = WeightedSum({"OWN_CAR_AGE": 1})',
        "tests/credit",
    ),
    Fault(
        "an unknown number becomes zero",
        "credit/dossier.py",
        "return np.ascontiguousarray(numbers.reshape",
        "return np.nan_to_num(numbers.reshape",
        "tests/credit",
    ),
    Fault(
        "copies of clients in the validation fold are training rows",
        "training/data/dataset.py",
        """auxiliary = self.auxiliary.restrict_to(train_idx, len(self))
        return self.concat([train_clients, auxiliary.with_copied_labels(train_clients.labels)])""",
        "return self.concat([train_clients, self.auxiliary.with_copied_labels(self.labels)])",
        "tests/training/data/test_auxiliary.py",
    ),
    Fault(
        "copies are calibrated on their own labels",
        "training/model/trainer.py",
        "fold_calibrations.predict_risk(oof.masked_log_odds, oof.masked_fold)",
        "calibration.predict_risk(oof.masked_log_odds)",
        "tests/training/data/test_auxiliary.py",
    ),
    Fault(
        "no field of a form is hidden from the model",
        "training/data/preparation.py",
        "rng.random(len(dossiers)) < shares.column",
        "rng.random(len(dossiers)) < 0 * shares.column",
        "tests/training/data/test_auxiliary.py",
    ),
    Fault(
        "a rule replaces the outcome of the score",
        "credit/policy.py",
        "return max(outcomes, key=lambda outcome: outcome.severity)",
        "return outcomes[-1]",
        "tests/credit/test_policy.py",
    ),
    Fault(
        "the loss that stops training forgets the class weight",
        "training/model/early_stopping.py",
        "np.where(labels > 0, positive_weight, 1.0)",
        "np.ones(len(labels))",
        "tests/training/model/test_early_stopping.py",
    ),
    Fault(
        "an unknown value counts as the lowest one",
        "training/model/piecewise_linear.py",
        "pieces -= self.means_",
        "pieces += 0",
        "tests/training/model/test_piecewise_linear.py",
    ),
    Fault(
        "the foundation model may download its weights",
        "training/model/foundation_model.py",
        "allow_auto_download=False",
        "allow_auto_download=True",
        "tests/training/model/test_foundation_model.py",
    ),
    Fault(
        "categories of a fold are fitted on its validation clients, too",
        "training/model/cross_validation.py",
        """fitted = training_rows.fit_features()
    train_data = build_lightgbm_dataset(training_rows, fitted, binning)""",
        """fitted = training_set.fit_features()
    train_data = build_lightgbm_dataset(training_rows, fitted, binning)""",
        "tests/training/model/test_cross_validation.py",
    ),
    Fault(
        "sex is a feature",
        "credit/features/definitions/application.py",
        'FORM.add_column("weekday", "WEEKDAY_APPR_PROCESS_START"',
        'FORM.add_column("weekday", "CODE_GENDER"',
        "tests/credit",
    ),
    Fault(
        "a gRPC call has no deadline",
        "serving/grpc/servicer.py",
        "return time.perf_counter() + timeout",
        'return float("inf")',
        "tests/serving/grpc/test_servicer_deadlines.py",
    ),
    Fault(
        "every prediction is a batch of its own",
        "serving/core/scoring_service.py",
        "PREDICT_LIMITS = BatchLimits(max_batch_size=64,",
        "PREDICT_LIMITS = BatchLimits(max_batch_size=1,",
        "tests/end_to_end/serving/test_grpc_transport.py::test_concurrent_callers_of_both_transports_form_batches",
    ),
    Fault(
        "an idempotency key is not checked",
        "serving/core/request_handler.py",
        "header_key = request.idempotency_key if operation.is_recorded else None",
        "header_key = None",
        "tests/end_to_end/serving/test_ports_and_keys.py",
    ),
    Fault(
        "clients that training has grouped are not stored",
        "stores/clients/ingestion.py",
        "saved_count += _save_dossiers(store, labelled_dossiers, progress)",
        "saved_count += len(labelled_dossiers)",
        "tests/stores/clients",
    ),
    Fault(
        "copies are not masked",
        "training/data/preparation.py",
        "_build_copies(without_histories.take(rows)",
        "_build_copies(dossiers.take(rows)",
        "tests/training/data/test_auxiliary.py",
    ),
    Fault(
        "a share is shown as a fraction",
        "credit/value_format.py",
        "Unit.SHARE: (100, 1,",
        "Unit.SHARE: (1, 1,",
        "tests/credit",
    ),
    Fault(
        "a blocking gate only warns",
        "training/gates/base.py",
        "failed_verdict = Verdict.REFUSES if limit.blocks else Verdict.WARNS",
        "failed_verdict = Verdict.WARNS",
        "tests/training/gates",
    ),
)


def copy_tree(target: Path) -> None:
    """Copy the files that git tracks."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listing.stdout.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target / name)


def find_failing_test(fault: Fault) -> str | None:
    """Return the first test that fails with the fault, or None if none does."""
    with tempfile.TemporaryDirectory() as folder:
        copy_tree(Path(folder))
        fault.seed(Path(folder))
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", fault.tests],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    failed = re.search(r"^FAILED (\S+)", run.stdout, re.MULTILINE)
    return failed.group(1) if failed else None


def main(*words: str) -> int:
    """Seed the chosen faults, all by default, and print which test noticed each."""
    faults = [fault for fault in FAULTS if all(word in fault.title for word in words)]
    with tempfile.TemporaryDirectory() as folder:  # every text must match before the first run
        copy_tree(Path(folder))
        for fault in faults:
            fault.seed(Path(folder))
    table = Table("fault", "first test that failed", title="Seeded faults")
    noticed = 0
    with ThreadPoolExecutor(PARALLEL_RUNS) as pool:
        results = pool.map(find_failing_test, faults)
        for fault, test in track(zip(faults, results, strict=True), "Testing", len(faults)):
            noticed += test is not None
            table.add_row(fault.title, test or "[red]none[/]")
    Console(width=160).print(table, f"{noticed} of {len(faults)} faults noticed")
    return 0 if noticed == len(faults) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
