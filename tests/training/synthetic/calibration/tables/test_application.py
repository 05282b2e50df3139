from __future__ import annotations

import json
from pathlib import Path

from training.synthetic.calibration.source_data import (
    read_real_data,
)
from training.synthetic.calibration.tables.application import Forms, fit_marginals
from training.synthetic.parameters import PARAMETERS_FILE

STORED = json.loads(PARAMETERS_FILE.read_text(encoding="utf-8"))


def test_the_stored_marginals_are_those_of_the_real_forms(real_data: Path) -> None:
    real = read_real_data(real_data)
    forms = Forms(real.forms.train.drop("TARGET"), real.forms.test)
    marginals, test_marginals = fit_marginals(forms, *real.application_statistics)
    assert marginals.items() <= STORED["form"]["marginals"].items()
    assert test_marginals.items() <= STORED["form"]["shifted"].items()
