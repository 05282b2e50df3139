"""python -m tests.seeded_faults: does the suite notice?

Each fault is seeded into a copy of the tree, and the tests that ought to see it are run there. A
fault that no test fails of, or that keeps tests from running at all, fails this run. Run it on a
green tree: what fails without the fault says nothing of it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Fault:
    """A change of one place that no suite may overlook."""

    what: str
    file: str
    right: str
    wrong: str
    tests: str
    """Where somebody ought to see it."""


FAULTS = (
    Fault(
        "the score is inverted",
        "credit/scorer.py",
        "self._booster.predict(features, num_threads=1)",
        "1 - self._booster.predict(features, num_threads=1)",
        "tests/credit",
    ),
    Fault(
        "the threshold is that of the other cost",
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
        "tests/end_to_end/test_decisions.py",
    ),
    Fault(
        "a feature is in years instead of days",
        "credit/features/definitions/application_ratios.py",
        'CAR_AGE = Sum({"OWN_CAR_AGE": YEAR})',
        'CAR_AGE = Sum({"OWN_CAR_AGE": 1})',
        "tests/credit",
    ),
    Fault(
        "an unknown number is taken for zero",
        "credit/dossier.py",
        "return np.ascontiguousarray(numbers.reshape",
        "return np.nan_to_num(numbers.reshape",
        "tests/credit",
    ),
    Fault(
        "copies of clients left out teach",
        "training/data/dataset.py",
        """beside = self.teachers.where(learn, len(self))
        return self.together([learners, beside.labelled(learners.labels)])""",
        "return self.together([learners, self.teachers.labelled(self.labels)])",
        "tests/training/test_teachers.py",
    ),
    Fault(
        "copies are calibrated on their own labels",
        "training/model/trainer.py",
        "by_fold.risk(unseen.copies, unseen.fold_of_copies)",
        "calibration.risk(unseen.copies)",
        "tests/training/test_teachers.py",
    ),
    Fault(
        "categories of a fold are taught by those left out, too",
        "training/model/cross_validation.py",
        """categories = taught.fit_categories(np.arange(len(taught)))
    data = dataset(taught, categories, binning)""",
        """categories = material.fit_categories(np.arange(len(material)))
    data = dataset(taught, categories, binning)""",
        "tests/training/test_material.py",
    ),
    Fault(
        "sex is looked at",
        "credit/features/definitions/application.py",
        'FORM.column("weekday", "WEEKDAY_APPR_PROCESS_START"',
        'FORM.column("weekday", "CODE_GENDER"',
        "tests/credit",
    ),
    Fault(
        "a call over gRPC has all the time in the world",
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
        "tests/end_to_end/test_grpc_transport.py::test_concurrent_callers_of_both_transports_form_batches",
    ),
)


def seen(fault: Fault) -> str | None:
    """The first test that fails with the fault in, or None when all pass."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        tracked = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(None, tracked.stdout.split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
        spoilt = copy / fault.file
        text = spoilt.read_text()
        if text.count(fault.right) != 1:
            raise ValueError(f"{fault.file} no longer says {fault.right!r} once")
        spoilt.write_text(text.replace(fault.right, fault.wrong))
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", fault.tests],
            cwd=copy, capture_output=True, text=True, check=False,
        )  # fmt: skip
    failed = re.search(r"^FAILED (\S+)", run.stdout, re.MULTILINE)
    return failed.group(1) if failed else None


def main() -> int:
    table = Table("fault", "first test that saw it", title="Seeded faults")
    noticed = True
    for fault in FAULTS:
        test = seen(fault)
        noticed &= test is not None
        table.add_row(fault.what, test or "[red]nobody[/]")
    Console(width=160).print(table)
    return 0 if noticed else 1


if __name__ == "__main__":
    sys.exit(main())
