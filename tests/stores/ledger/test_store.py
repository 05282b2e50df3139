"""The ledger: what was answered is kept, and is found again as it was."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
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

NOON = datetime(2026, 6, 1, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


@pytest.fixture(scope="module")
def records(scorer: Scorer, policy: Policy, people: list[Dossier]) -> list[LedgerRecord]:
    """Decisions that were really taken, a minute apart; of the odd ones the explanation too."""
    documents = [
        *people[:6],
        make_applicant_without_history(SK_ID_CURR=None),
        make_applicant(AMT_INCOME_TOTAL=None),
    ]
    scored = score_dossiers(scorer, documents)
    told = scorer.predict_contributions(np.stack([one.row for one in scored]))
    return [
        LedgerRecord(
            decision=make_decision(
                one, scorer.version, policy, str(UUID(int=place)), NOON + timedelta(minutes=place)
            ),
            kind="explain" if place % 2 else "predict",
            document=one.document,
            feature_row=one.row,
            contributions=told[place] if place % 2 else None,
            request_digest=digest_request("predict", b"body %d" % place),
        )
        for place, one in enumerate(scored)
    ]


def keyed(record: LedgerRecord, key: str, number: int = 999) -> LedgerRecord:
    decision = replace(record.decision, decision_id=str(UUID(int=number)))
    return replace(record, decision=decision, request_key=key)


def equal(one: LedgerRecord, other: LedgerRecord) -> bool:
    """To the last bit: rows and contributions byte by byte."""
    told = [record.contributions for record in (one, other)]
    same = [None if cells is None else cells.tobytes() for cells in told]
    return (
        one.decision == other.decision
        and (one.kind, one.document) == (other.kind, other.document)
        and one.feature_row.tobytes() == other.feature_row.tobytes()
        and same[0] == same[1]
        and (one.request_digest, one.request_key) == (other.request_digest, other.request_key)
    )


def test_what_is_kept_is_found_as_it_was_decided_to_the_last_bit(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    for record in records:
        found = ledger.find(str(record.decision.decision_id))
        assert equal(found, record)
        assert isinstance(found.decision.outcome, Outcome)
        assert isinstance(found.decision.rules, tuple)
        assert found.decision.decided_at == record.decision.decided_at
    assert {record.decision.client_id for record in records} >= {None, 42}
    assert any(record.decision.rules for record in records)


def test_what_is_found_can_be_scored_and_explained_again(
    ledger: Ledger, records: list[LedgerRecord], scorer: Scorer
) -> None:
    ledger.append(records)
    for record in records:
        found = ledger.find(str(record.decision.decision_id))
        assert found.feature_row.shape == (len(CATALOGUE),)
        [again] = score_dossiers(scorer, [found.document])
        assert again.risk == found.decision.risk
        assert scorer.predict_risk(found.feature_row.reshape(1, -1)).tolist() == [
            found.decision.risk
        ]
        if found.contributions is not None:
            [told] = scorer.predict_contributions(found.feature_row.reshape(1, -1))
            assert told.tobytes() == found.contributions.tobytes()


def test_an_unknown_decision_is_named(ledger: Ledger) -> None:
    with pytest.raises(UnknownDecision, match="no decision some-id is recorded"):
        ledger.find("some-id")


def test_records_survive_the_end_of_the_process(
    url: str, ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    again = Ledger(url)
    assert all(equal(again.find(str(r.decision.decision_id)), r) for r in records)


def test_records_between_two_moments_come_oldest_first_the_last_moment_left_out(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    since, until = NOON + timedelta(minutes=2), NOON + timedelta(minutes=5)
    found = list(ledger.iter_between(since, until))
    assert [record.decision for record in found] == [record.decision for record in records[2:5]]
    assert list(ledger.iter_between(since, since)) == []
    assert len(list(ledger.iter_between(NOON, NOON + timedelta(days=1)))) == len(records)


def test_moments_are_compared_whatever_their_zone(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    paris = timezone(timedelta(hours=2))
    [record] = records[:1]
    local = replace(record, decision=replace(record.decision, decided_at=NOON.astimezone(paris)))
    ledger.append([local])
    [found] = ledger.iter_between(NOON, NOON + timedelta(microseconds=1))
    assert found.decision.decided_at == NOON
    assert list(ledger.iter_between(NOON.astimezone(paris), NOON)) == []


def test_a_key_that_was_not_used_answers_nothing(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    assert ledger.find_by_key("a key", b"digest") is None


def test_a_key_finds_the_decision_of_its_request(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    record = keyed(records[0], "a key")
    ledger.append([record])
    found = ledger.find_by_key("a key", record.request_digest)
    assert found
    assert equal(found, record)


def test_a_key_that_comes_back_with_another_request_is_refused(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append([keyed(records[0], "a key")])
    with pytest.raises(IdempotencyKeyReused, match='"a key" already answered another request'):
        ledger.find_by_key("a key", digest_request("predict", b"another body"))


def test_a_key_used_meanwhile_keeps_none_of_a_batch(
    ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append([keyed(records[0], "a key", 998)])
    with pytest.raises(IntegrityError):
        ledger.append([records[1], keyed(records[2], "a key", 999)])
    with pytest.raises(UnknownDecision):
        ledger.find(str(records[1].decision.decision_id))


def test_the_same_decision_is_not_kept_twice(ledger: Ledger, records: list[LedgerRecord]) -> None:
    ledger.append(records[:1])
    with pytest.raises(IntegrityError):
        ledger.append(records[:1])
    assert len(list(ledger.iter_between(NOON, NOON + timedelta(days=1)))) == 1


def test_many_keep_at_once_and_none_is_lost(url: str, records: list[LedgerRecord]) -> None:
    ledger = Ledger(url)
    many = [keyed(records[0], f"key {number}", 1_000 + number) for number in range(40)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda record: ledger.append([record]), many))
    assert {r.request_key for r in Ledger(url).iter_between(NOON, NOON + timedelta(days=1))} == {
        record.request_key for record in many
    }


def test_a_request_is_told_by_its_call_and_its_bytes() -> None:
    bodies = [("predict", b"a"), ("predict", b"b"), ("explain", b"a"), ("predict\0", b"a"[1:])]
    assert len({digest_request(kind, body) for kind, body in bodies}) == len(bodies)
    assert digest_request("predict", b"a") == digest_request("predict", b"a")


def drop(url: str, table: str) -> None:
    """Take a table away behind the ledger's back."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(f"DROP TABLE {table}")
    connection.close()


def test_a_ledger_that_fails_names_no_client(
    url: str, ledger: Ledger, records: list[LedgerRecord]
) -> None:
    named = replace(records[0], decision=replace(records[0].decision, client_id=777_000_777))
    drop(url, "payload")
    with pytest.raises(LedgerUnavailable) as failed:
        ledger.append([named])
    assert "no such table" in (told := "".join(traceback.format_exception(failed.value)))
    assert "777000777" not in told


def test_a_ledger_answers_until_it_fails(url: str, ledger: Ledger) -> None:
    assert ledger.is_available()
    drop(url, "decision")
    assert not ledger.is_available()
    with pytest.raises(LedgerUnavailable, match="ask again in 5 s"):
        ledger.find("some-id")


def test_a_database_where_nobody_listens_is_told_as_such() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://credit@127.0.0.1:{silent.getsockname()[1]}/credit"
        with pytest.raises(LedgerUnavailable):
            Ledger(url)


def test_the_chain_cannot_be_guessed_from(
    url: str, ledger: Ledger, records: list[LedgerRecord]
) -> None:
    ledger.append(records)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        chain = connection.execute("SELECT * FROM decision").fetchall()
    connection.close()
    digests = {record.request_digest for record in records}
    assert len(chain) == len(records)
    assert not [cell for row in chain for cell in row if cell in digests]


MAKE = """
import sys
from stores.ledger.store import Ledger
print("ready", flush=True)
sys.stdin.readline()
Ledger(sys.argv[1])
"""


def starting(url: str) -> subprocess.Popen[str]:
    """A process that opens a ledger when it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKE, url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def open_together(url: str) -> list[int]:
    """How two processes end that open a ledger at the same time."""
    pair = [starting(url), starting(url)]
    for process in pair:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in pair:
        process.communicate()
    return [process.returncode for process in pair]


@pytest.mark.slow
def test_workers_that_start_together_make_the_tables_once(tmp_path: Path) -> None:
    for attempt in range(5):
        url = f"sqlite:///{tmp_path / str(attempt) / 'ledger.sqlite'}"
        assert open_together(url) == [0, 0]


def test_keeping_nothing_is_no_fault(ledger: Ledger) -> None:
    ledger.append([])
    assert list(ledger.iter_between(NOON, NOON + timedelta(days=1))) == []
