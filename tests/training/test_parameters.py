from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from training.synthetic.calibration.application import Forms, fit_marginals
from training.synthetic.calibration.estimators import (
    TooFewClients,
    compute_drift,
    compute_normal_scores,
    fit_quantiles,
    fit_shares,
)
from training.synthetic.calibration.serialisation import format_parameters
from training.synthetic.calibration.source_data import (
    RealDataMissing,
    read_real_data,
    resolve_real_data_folder,
)
from training.synthetic.parameters import PARAMETERS_FILE, read_population_model
from training.synthetic.sampling.marginals import QUANTILE_GRIDS, Floats, parse_marginal

TEXT = PARAMETERS_FILE.read_text(encoding="utf-8")
STORED = json.loads(TEXT)
LARGEST = 150_000
MOST_IN_A_ROW = max(len(levels) for levels in QUANTILE_GRIDS.values()) + 2


def kept_marginals(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.keys() in ({"quantiles", "step"}, {"shares"}):
            yield part
        else:
            for inner in part.values():
                yield from kept_marginals(inner)


MARGINALS = list(kept_marginals(STORED))
WITH_QUANTILES = [kept for kept in MARGINALS if "quantiles" in kept]
WITH_SHARES = [kept for kept in MARGINALS if "shares" in kept]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def amounts(clients: int) -> Floats:
    return rng().lognormal(12, 0.5, clients)


def test_the_file_is_small_and_as_the_command_writes_it() -> None:
    assert len(TEXT) < LARGEST
    assert format_parameters(STORED) == TEXT


def test_nothing_in_the_file_names_a_client() -> None:
    assert "SK_ID" not in TEXT


def test_no_list_in_the_file_is_longer_than_an_aggregate_needs() -> None:
    assert all(len(kept["quantiles"]) <= MOST_IN_A_ROW for kept in WITH_QUANTILES)
    assert all(len(kept["shares"]) <= MOST_IN_A_ROW for kept in WITH_SHARES)


def test_quantiles_rise() -> None:
    assert all((np.diff(kept["quantiles"]) >= 0).all() for kept in WITH_QUANTILES)


def test_shares_are_the_whole() -> None:
    for kept in WITH_SHARES:
        assert sum(share for _, share in kept["shares"]) == pytest.approx(1, abs=0.01)


def test_the_model_reads_every_marginal_and_a_whole_correlation() -> None:
    model = read_population_model()
    assert (np.linalg.eigvalsh(model.traits.correlation) > 0).all()
    assert np.allclose(np.diag(model.traits.correlation), 1)
    assert all(parse_marginal(kept) for kept in MARGINALS)


@pytest.mark.parametrize(("clients", "values"), [(40, 3), (80, 5), (400, 21), (4_000, 103)])
def test_quantiles_are_as_fine_as_twenty_clients_in_every_gap_allow(
    clients: int, values: int
) -> None:
    assert len(fit_quantiles(amounts(clients), step=1)["quantiles"]) == values


def test_fewer_than_forty_clients_have_no_quantiles() -> None:
    with pytest.raises(TooFewClients):
        fit_quantiles(amounts(39), step=1)


def test_many_rows_of_few_clients_have_no_quantiles() -> None:
    with pytest.raises(TooFewClients):
        fit_quantiles(amounts(10_000), step=1, owners=np.arange(10_000) % 19)


def test_what_is_read_off_quantiles_has_the_mean_and_the_spread_they_were_taken_of() -> None:
    taken = amounts(20_000)
    read = parse_marginal(fit_quantiles(taken, step=0.01)).inverse_transform(
        rng().standard_normal(50_000)
    )
    assert np.mean(read) == pytest.approx(np.mean(taken), rel=0.01)
    assert np.std(read) == pytest.approx(np.std(taken), rel=0.03)


def test_words_of_fewer_than_twenty_clients_are_left_out() -> None:
    words = pl.Series(["common"] * 80 + ["rare"] * 19)
    assert fit_shares(words) == {"shares": [["common", 1]]}


def test_a_word_that_one_client_repeats_is_left_out() -> None:
    words = pl.Series(["common"] * 80 + ["repeated"] * 80)
    owners = pl.Series([*range(80), *([80] * 80)])
    assert fit_shares(words, owners=owners) == {"shares": [["common", 1]]}


def test_rare_numbers_join_the_next_lower_one() -> None:
    children = pl.Series([0] * 60 + [1] * 35 + [2] * 4 + [7])
    assert fit_shares(children) == {"shares": [[0, 0.6], [1, 0.4]]}


def test_drift_is_nothing_between_samples_of_the_same_and_much_after_a_shift() -> None:
    one, other = rng().standard_normal((2, 10_000))
    assert abs(compute_drift(one, other)) < 0.003
    assert compute_drift(one, other + 0.5) > 0.2


def test_scores_of_numbers_are_standard_normal_and_unknown_stays_unknown() -> None:
    scores = compute_normal_scores(np.append(amounts(5_000), np.nan))
    assert np.isnan(scores[-1])
    assert np.nanmean(scores) == pytest.approx(0, abs=0.01)
    assert np.nanstd(scores) == pytest.approx(1, abs=0.01)


def test_absent_real_rows_are_an_error_that_says_where_they_were_looked_for(
    tmp_path: Path,
) -> None:
    with pytest.raises(RealDataMissing, match=f"{tmp_path}.*CREDIT_REAL_DATA"):
        resolve_real_data_folder(tmp_path)


def test_the_marginals_in_the_file_are_those_of_the_real_forms(real_data: Path) -> None:
    real = read_real_data(real_data)
    forms = Forms(real.forms.train.drop("TARGET"), real.forms.test)
    kept, shifted = fit_marginals(forms, *real.application_statistics)
    assert kept.items() <= STORED["form"]["marginals"].items()
    assert shifted.items() <= STORED["form"]["shifted"].items()
