"""Append-only decision ledger. Each decision is committed before it is returned.

decision    the decision and the versions that made it; no personal data
payload     client id, raw dossier, feature row, contributions, and the digest of the request: with
            few clients to try, a digest could be traced back to one
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import sqlalchemy as sa

from credit.decision import Decision, Outcome
from credit.dossier import Document, Floats
from credit.errors import IdempotencyKeyReused, LedgerUnavailable, UnknownDecision
from credit.features import Matrix
from stores.document_codec import compress_document, decompress_document
from stores.ledger.database import (
    compile_insert,
    is_writable,
    lock_file,
    open_engine,
    translate_db_errors,
)
from stores.ledger.wal_checkpoints import WalCheckpointer

_METADATA = sa.MetaData()

DECISION_TABLE = sa.Table(
    "decision",
    _METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("decision_id", sa.String(36), nullable=False, unique=True),
    sa.Column("decided_at", sa.String(32), nullable=False, index=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("core", sa.LargeBinary, nullable=False),
    sa.Column("request_key", sa.String(200), unique=True),
)

PAYLOAD_TABLE = sa.Table(
    "payload",
    _METADATA,
    sa.Column("decision_id", sa.ForeignKey("decision.decision_id"), primary_key=True),
    sa.Column("client_id", sa.BigInteger, index=True),
    sa.Column("dossier", sa.LargeBinary, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sa.Column("contributions", sa.LargeBinary),
    sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
)

CORE_FIELDS = (
    "risk",
    "index",
    "points",
    "outcome",
    "rules",
    "not_stated",
    "threshold",
    "model_version",
    "policy_version",
)
"""Fields of a decision without personal data."""


@dataclass(frozen=True, kw_only=True)
class LedgerRecord:
    """A decision with everything needed to explain or to replay it."""

    decision: Decision
    kind: str
    """The call that was answered: `predict` or `explain`."""
    document: Document
    feature_row: Matrix
    """Shape (features,), float32."""
    contributions: Floats | None
    """Shape (features + 1,), log-odds, the base last; None unless the call was `explain`."""
    request_digest: bytes
    request_key: str | None = None
    """The caller's idempotency key."""
    compressed_document: bytes | None = None
    """The document as the client store holds it; None when it must be compressed here."""


def digest_request(kind: str, body: bytes) -> bytes:
    """Return the SHA-256 digest of a call and its body; equal requests have equal digests."""
    return sha256(kind.encode() + b"\0" + body).digest()


class Ledger:
    """Decisions in an SQL database; safe to share between threads and processes."""

    def __init__(self, url: str) -> None:
        """Open a ledger, and create its tables if they are absent.

        Raises:
            LedgerUnavailable: the database cannot be used.
        """
        self._engine = open_engine(url)
        self._insert_decisions = compile_insert(DECISION_TABLE, self._engine)
        self._insert_payloads = compile_insert(PAYLOAD_TABLE, self._engine)
        self._lock_path: Path | None = None
        self._checkpointer: WalCheckpointer | None = None
        if self._engine.dialect.name == "sqlite":
            self._lock_path = Path(f"{self._engine.url.database}.lock")
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            self._checkpointer = WalCheckpointer(self._engine)
        self._create_tables()

    def append(self, records: Sequence[LedgerRecord]) -> None:
        """Store decisions in one transaction; when this returns, all are on disk.

        Raises:
            sqlalchemy.exc.IntegrityError: an idempotency key or decision id is in use already;
                nothing is stored.
            LedgerUnavailable: the database cannot be used; no decision may be returned.
        """
        if not records:
            return
        decisions = [_build_decision_row(record) for record in records]
        payloads = [_build_payload_row(record) for record in records]
        with translate_db_errors(), self._acquire_write_lock(), self._engine.begin() as connection:
            connection.exec_driver_sql(self._insert_decisions, decisions)
            connection.exec_driver_sql(self._insert_payloads, payloads)
        if self._checkpointer:
            self._checkpointer.request_checkpoint()

    def find(self, decision_id: str) -> LedgerRecord:
        """Return the record of a decision.

        Raises:
            UnknownDecision: no record has this id.
        """
        if record := self._fetch_record(DECISION_TABLE.c.decision_id == decision_id):
            return record
        raise UnknownDecision(decision_id)

    def find_by_key(self, key: str, request_digest: bytes) -> LedgerRecord | None:
        """Return the record stored under an idempotency key, or None.

        Raises:
            IdempotencyKeyReused: the key belongs to another request.
        """
        record = self._fetch_record(DECISION_TABLE.c.request_key == key)
        if record and record.request_digest != request_digest:
            raise IdempotencyKeyReused(key)
        return record

    def iter_between(self, since: datetime, until: datetime) -> Iterator[LedgerRecord]:
        """Yield the records from `since` (included) to `until` (excluded), oldest first.

        They are read from the database in chunks, as the caller consumes them.
        """
        low, high = _format_timestamp(since), _format_timestamp(until)
        in_period = (DECISION_TABLE.c.decided_at >= low) & (DECISION_TABLE.c.decided_at < high)
        query = _select_records().where(in_period).order_by(DECISION_TABLE.c.seq)
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # years of records exceed the time limit
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            for row in connection.execution_options(yield_per=1_000).execute(query):
                yield _parse_record(row)

    def is_available(self) -> bool:
        """Return whether decisions can be read and stored now."""
        try:
            with translate_db_errors(), self._engine.connect() as connection:
                for table in (DECISION_TABLE, PAYLOAD_TABLE):
                    connection.execute(sa.select(table.c.decision_id).limit(1)).all()
                return is_writable(connection)
        except LedgerUnavailable:
            return False

    def close(self) -> None:
        """Finish a scheduled checkpoint and close the connections."""
        if self._checkpointer:
            self._checkpointer.close()
        self._engine.dispose()

    def _create_tables(self) -> None:
        """Create absent tables, one process at a time: workers start together."""
        with translate_db_errors(), self._acquire_write_lock(), self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(3)"))
            _METADATA.create_all(connection)

    def _acquire_write_lock(self) -> AbstractContextManager[None]:
        """Make workers queue for SQLite on a file lock: SQLite would poll, up to 100 ms apart."""
        return nullcontext() if self._lock_path is None else lock_file(self._lock_path)

    def _fetch_record(self, condition: sa.ColumnElement[bool]) -> LedgerRecord | None:
        with translate_db_errors(), self._engine.connect() as connection:
            row = connection.execute(_select_records().where(condition)).one_or_none()
        return _parse_record(row) if row else None


def _select_records() -> sa.Select[Any]:
    return sa.select(DECISION_TABLE, PAYLOAD_TABLE).join(PAYLOAD_TABLE)


def _format_timestamp(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).isoformat(timespec="microseconds")


def _build_decision_row(record: LedgerRecord) -> dict[str, Any]:
    decision = record.decision
    return {
        "decision_id": decision.decision_id,
        "decided_at": _format_timestamp(decision.decided_at),
        "kind": record.kind,
        "core": orjson.dumps({name: getattr(decision, name) for name in CORE_FIELDS}),
        "request_key": record.request_key,
    }


def _build_payload_row(record: LedgerRecord) -> dict[str, Any]:
    contributions = record.contributions
    return {
        "decision_id": record.decision.decision_id,
        "client_id": record.decision.client_id,
        "dossier": record.compressed_document or compress_document(record.document),
        "features": record.feature_row.tobytes(),
        "contributions": None if contributions is None else contributions.tobytes(),
        "request_digest": record.request_digest,
    }


def _parse_record(row: Any) -> LedgerRecord:
    core = orjson.loads(row.core)
    core |= {
        "outcome": Outcome(core["outcome"]),
        "rules": tuple(core["rules"]),
        "not_stated": tuple(core.get("not_stated", ())),  # absent before version 0.3
    }
    contributions = row.contributions
    return LedgerRecord(
        decision=Decision(
            decision_id=row.decision_id,
            client_id=row.client_id,
            decided_at=datetime.fromisoformat(row.decided_at),
            **core,
        ),
        kind=row.kind,
        document=decompress_document(row.dossier),
        feature_row=np.frombuffer(row.features, dtype=np.float32),
        contributions=None
        if contributions is None
        else np.frombuffer(contributions, dtype=np.float64),
        request_digest=row.request_digest,
        request_key=row.request_key,
    )
