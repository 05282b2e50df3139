"""The ledger on SQLite: decisions are stored, and read back bit for bit."""

from __future__ import annotations

import socket
import sqlite3
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from credit.decision import Outcome
from credit.errors import IdempotencyKeyReused, LedgerUnavailable, UnknownDecision
from credit.features import CATALOGUE
from credit.policy import Policy
from credit.scorer import Scorer
from credit.underwriting import make_decision, score_dossiers
from stores.ledger.store import Ledger, LedgerRecord, digest_request
from tests.support.example_dossiers import Dossier, make_applicant, make_applicant_without_history
from tests.support.ledger_processes import open_concurrently

NOON = datetime(2026, 6, 1, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


@pytest.fixture(scope="module")
def records(scorer: Scorer, policy: Policy, people: list[Dossier]) -> list[LedgerRecord]:
    """Make records of real decisions, one minute apart; every second one is explained."""
    documents = [
        *people[:6],
        make_applicant_without_history(SK_ID_CURR=None),
        make_applicant(AMT_INCOME_TOTAL=None),
    ]
    scored = score_dossiers(scorer, documents, policy)
    contributions = scorer.predict_contributions(np.stack([score.row for score in scored]))
    return [
        LedgerRecord(
            decision=make_decision(
                score,
                scorer.version,
                policy,
                str(UUID(int=number)),
                NOON + timedelta(minutes=number),
            ),
            kind="explain" if number % 2 else "predict",
            document=score.document,
            feature_row=score.row,
            contributions=contributions[number] if number % 2 else None,
            request_digest=digest_request("predict", b"body %d" % number),
        )
        for number, score in enumerate(scored)
    ]


def with_key(record: LedgerRecord, key: str, number: int = 999) -> LedgerRecord:
    """Return the record under another decision id and with an idempotency key."""
    decision = replace(record.decision, decision_id=str(UUID(int=number)))
    return replace(record, decision=decision, request_key=key)


def is_equal(record: LedgerRecord, expected: LedgerRecord) -> bool:
    """Compare two records; feature rows and contributions must be bit-identical."""
    contributions, expected_contributions = (
        None if item.contributions is None else item.contributions.tobytes()
        for item in (record, expected)
    )
    return (
        record.decision == expected.decision
        and (record.kind, record.document) == (expected.kind, expected.document)
        and record.feature_row.tobytes() == expected.feature_row.tobytes()
        and contributions == expected_contributions
        and (record.request_digest, record.request_key)
        == (expected.request_digest, expected.request_key)
    )


def test_a_stored_decision_is_read_back_bit_for_bit(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    for record in records:
        stored = ledger.find(str(record.decision.decision_id))
        assert is_equal(stored, record)
        assert isinstance(stored.decision.outcome, Outcome)
        assert isinstance(stored.decision.rules, tuple)
        assert stored.decision.decided_at == record.decision.decided_at
    assert {record.decision.client_id for record in records} >= {None, 42}
    assert any(record.decision.rules for record in records)


def test_a_stored_decision_can_be_scored_and_explained_again(
    ledger: Ledger, records: list[LedgerRecord], scorer: Scorer, policy: Policy
) -> None:
    ledger.append(records)
    for record in records:
        stored = ledger.find(str(record.decision.decision_id))
        assert stored.feature_row.shape == (len(CATALOGUE),)
        [score] = score_dossiers(scorer, [stored.document], policy)
        assert score.risk == stored.decision.risk
        assert scorer.predict_risk(stored.feature_row.reshape(1, -1)).tolist() == [
            stored.decision.risk
        ]
        if stored.contributions is not None:
            [contributions] = scorer.predict_contributions(stored.feature_row.reshape(1, -1))
            assert contributions.tobytes() == stored.contributions.tobytes()


def test_an_unknown_decision_is_named(ledger: Ledger) -> None:
    with pytest.raises(UnknownDecision, match="no decision some-id is recorded"):
        ledger.find("some-id")


def test_a_ledger_opened_again_has_the_same_records(
    url: str, ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    reopened = Ledger(url)
    assert all(is_equal(reopened.find(str(r.decision.decision_id)), r) for r in records)


def test_records_of_a_period_come_oldest_first_without_its_end(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    since, until = NOON + timedelta(minutes=2), NOON + timedelta(minutes=5)
    stored = list(ledger.iter_between(since, until))
    assert [record.decision for record in stored] == [record.decision for record in records[2:5]]
    assert list(ledger.iter_between(since, since)) == []
    assert len(list(ledger.iter_between(NOON, NOON + timedelta(days=1)))) == len(records)


def test_times_are_compared_across_time_zones(ledger: Ledger, records: list[LedgerRecord]) -> None:
    paris = timezone(timedelta(hours=2))
    [record] = records[:1]
    local = replace(record, decision=replace(record.decision, decided_at=NOON.astimezone(paris)))
    ledger.append([local])
    [stored] = ledger.iter_between(NOON, NOON + timedelta(microseconds=1))
    assert stored.decision.decided_at == NOON
    assert list(ledger.iter_between(NOON.astimezone(paris), NOON)) == []


def test_an_unused_key_finds_nothing(ledger: Ledger, records: list[LedgerRecord]) -> None:
    ledger.append(records)
    assert ledger.find_by_key("a key", b"digest") is None


def test_a_key_finds_the_decision_of_its_request(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    record = with_key(records[0], "a key")
    ledger.append([record])
    stored = ledger.find_by_key("a key", record.request_digest)
    assert stored
    assert is_equal(stored, record)


def test_a_key_reused_for_another_request_is_refused(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append([with_key(records[0], "a key")])
    with pytest.raises(IdempotencyKeyReused, match='"a key" already answered another request'):
        ledger.find_by_key("a key", digest_request("predict", b"another body"))


def test_a_reused_key_rejects_the_whole_batch(ledger: Ledger, records: list[LedgerRecord]) -> None:
    ledger.append([with_key(records[0], "a key", 998)])
    with pytest.raises(IntegrityError):
        ledger.append([records[1], with_key(records[2], "a key", 999)])
    with pytest.raises(UnknownDecision):
        ledger.find(str(records[1].decision.decision_id))


def test_the_same_decision_is_not_stored_twice(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records[:1])
    with pytest.raises(IntegrityError):
        ledger.append(records[:1])
    assert len(list(ledger.iter_between(NOON, NOON + timedelta(days=1)))) == 1


def test_concurrent_writes_lose_no_record(url: str, records: list[LedgerRecord]) -> None:
    ledger = Ledger(url)
    new_records = [with_key(records[0], f"key {number}", 1_000 + number) for number in range(40)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda record: ledger.append([record]), new_records))
    assert {r.request_key for r in Ledger(url).iter_between(NOON, NOON + timedelta(days=1))} == {
        record.request_key for record in new_records
    }


def test_the_digest_depends_on_the_call_and_the_body() -> None:
    bodies = [("predict", b"a"), ("predict", b"b"), ("explain", b"a"), ("predict\0", b"a"[1:])]
    assert len({digest_request(kind, body) for kind, body in bodies}) == len(bodies)
    assert digest_request("predict", b"a") == digest_request("predict", b"a")


def drop(url: str, table: str) -> None:
    """Drop a table through another connection."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


def test_a_failure_of_the_ledger_names_no_client(
    url: str, ledger: Ledger, records: list[LedgerRecord]
) -> None:
    record = replace(records[0], decision=replace(records[0].decision, client_id=777_000_777))
    drop(url, "payload")
    with pytest.raises(LedgerUnavailable) as caught:
        ledger.append([record])
    message = "".join(traceback.format_exception(caught.value))
    assert "no such table" in message
    assert "777000777" not in message


def test_a_ledger_is_available_until_it_fails(url: str, ledger: Ledger) -> None:
    assert ledger.is_available()
    drop(url, "decision")
    assert not ledger.is_available()
    with pytest.raises(LedgerUnavailable, match="retry in 5 s"):
        ledger.find("some-id")


def test_an_unreachable_database_is_reported_as_unavailable() -> None:
    with socket.socket() as closed_port:
        closed_port.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://credit@127.0.0.1:{closed_port.getsockname()[1]}/credit"
        with pytest.raises(LedgerUnavailable):
            Ledger(url)


def test_the_decision_table_holds_no_request_digest(
    url: str, ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        rows = connection.execute("SELECT * FROM decision").fetchall()
    connection.close()
    digests = {record.request_digest for record in records}
    assert len(rows) == len(records)
    assert not [cell for row in rows for cell in row if cell in digests]


@pytest.mark.slow
def test_workers_that_start_together_create_the_tables_once(tmp_path: Path) -> None:
    for attempt in range(5):
        url = f"sqlite:///{tmp_path / str(attempt) / 'ledger.sqlite'}"
        assert open_concurrently(url) == [0, 0]


def test_appending_nothing_is_allowed(ledger: Ledger) -> None:
    ledger.append([])
    assert list(ledger.iter_between(NOON, NOON + timedelta(days=1))) == []
