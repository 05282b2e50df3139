from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from training.synthetic.calibration.serialisation import format_parameters
from training.synthetic.parameters import PARAMETERS_FILE, read_population_model
from training.synthetic.sampling.marginals import QUANTILE_GRIDS, parse_marginal

TEXT = PARAMETERS_FILE.read_text(encoding="utf-8")
STORED = json.loads(TEXT)
MAX_CHARACTERS = 150_000
MAX_LIST_LENGTH = max(len(levels) for levels in QUANTILE_GRIDS.values()) + 2


def iter_marginals(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.keys() in ({"quantiles", "step"}, {"shares"}):
            yield part
        else:
            for child in part.values():
                yield from iter_marginals(child)


MARGINALS = list(iter_marginals(STORED))
WITH_QUANTILES = [stored for stored in MARGINALS if "quantiles" in stored]
WITH_SHARES = [stored for stored in MARGINALS if "shares" in stored]


def test_the_file_is_small_and_formatted_as_by_the_command() -> None:
    assert len(TEXT) < MAX_CHARACTERS
    assert format_parameters(STORED) == TEXT


def test_the_file_contains_no_client_id() -> None:
    assert "SK_ID" not in TEXT


def test_no_list_is_longer_than_an_aggregate_needs() -> None:
    assert all(len(stored["quantiles"]) <= MAX_LIST_LENGTH for stored in WITH_QUANTILES)
    assert all(len(stored["shares"]) <= MAX_LIST_LENGTH for stored in WITH_SHARES)


def test_quantiles_are_non_decreasing() -> None:
    assert all((np.diff(stored["quantiles"]) >= 0).all() for stored in WITH_QUANTILES)


def test_shares_add_up_to_one() -> None:
    for stored in WITH_SHARES:
        assert sum(share for _, share in stored["shares"]) == pytest.approx(1, abs=0.01)


def test_the_model_reads_every_marginal_and_a_valid_correlation() -> None:
    model = read_population_model()
    assert (np.linalg.eigvalsh(model.traits.correlation) > 0).all()
    assert np.allclose(np.diag(model.traits.correlation), 1)
    assert all(parse_marginal(stored) for stored in MARGINALS)
