from __future__ import annotations

from credit.dossier import DossierBatch
from credit.scorer import Scorer
from monitoring.sample import MAX_SAMPLE_CLIENTS, REQUIRED_COLUMNS, draw_sample_rows
from tests.support.monitoring.drift_samples import change_all, make_applicants, make_sample


def test_large_sources_are_sampled_reproducibly() -> None:
    assert draw_sample_rows(7).tolist() == list(range(7))
    rows = draw_sample_rows(MAX_SAMPLE_CLIENTS * 3)
    assert len(set(rows.tolist())) == MAX_SAMPLE_CLIENTS
    assert (rows == draw_sample_rows(MAX_SAMPLE_CLIENTS * 3)).all()
    assert (rows[1:] > rows[:-1]).all()


def test_an_application_is_compared_unchanged(champion: Scorer) -> None:
    [client] = make_applicants(1, seed=1, change=change_all(DAYS_EMPLOYED=365_243))
    application = make_sample([client], champion).application
    assert application["DAYS_EMPLOYED"] == 365_243
    assert "SK_ID_CURR" not in application
    assert set(REQUIRED_COLUMNS["application"]) == set(application)
    assert len(DossierBatch.from_documents([client], REQUIRED_COLUMNS)) == 1
