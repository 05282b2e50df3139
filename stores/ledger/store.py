"""Every answered decision, kept before it is answered: what was said, and what it was said of.

decision    what was decided, by which versions; names nobody
payload     the client, the raw dossier, the row of features, the contributions, the digest of the
            request: there are few clients to guess from
"""

from __future__ import annotations

import zlib
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
from credit.errors import KeyReused, LedgerUnavailable, UnknownDecision
from credit.features import Matrix
from stores.ledger.database import insertion, locked, open_engine, reached, takes
from stores.ledger.wal_checkpoints import Checkpoints

_TABLES = sa.MetaData()

DECISION = sa.Table(
    "decision",
    _TABLES,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("decision_id", sa.String(36), nullable=False, unique=True),
    sa.Column("decided_at", sa.String(32), nullable=False, index=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("core", sa.LargeBinary, nullable=False),
    sa.Column("request_key", sa.String(200), unique=True),
)

PAYLOAD = sa.Table(
    "payload",
    _TABLES,
    sa.Column("decision_id", sa.ForeignKey("decision.decision_id"), primary_key=True),
    sa.Column("client_id", sa.BigInteger, index=True),
    sa.Column("dossier", sa.LargeBinary, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sa.Column("contributions", sa.LargeBinary),
    sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
)

CORE = (
    "risk",
    "index",
    "points",
    "outcome",
    "rules",
    "threshold",
    "model_version",
    "policy_version",
)
"""What of a decision names nobody."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A decision with all it takes to explain or to repeat it."""

    decision: Decision
    kind: str
    """The call that was answered: predict or explain."""
    document: Document
    row: Matrix
    """Shape (features,), float32."""
    contributions: Floats | None
    """Shape (features + 1,), log-odds, the base last; of explanations only."""
    request_digest: bytes
    request_key: str | None = None
    """The caller's idempotency key."""
    packed: bytes | None = None
    """The document as `pack` makes it, where the client store had it at hand."""


def pack(document: Document) -> bytes:
    """A document as it is stored: JSON, compressed with zlib."""
    return zlib.compress(orjson.dumps(document), 1)


def digest(kind: str, body: bytes) -> bytes:
    """What tells one request from another."""
    return sha256(kind.encode() + b"\0" + body).digest()


class Ledger:
    """Decisions in an SQL database; safe to share between threads and processes."""

    def __init__(self, url: str) -> None:
        """Open a ledger; its tables are made where there are none.

        Raises:
            LedgerUnavailable: the database does not answer.
        """
        self._engine = open_engine(url)
        self._insert_decisions = insertion(DECISION, self._engine)
        self._insert_payloads = insertion(PAYLOAD, self._engine)
        self._lock: Path | None = None
        self._checkpoints: Checkpoints | None = None
        if self._engine.dialect.name == "sqlite":
            self._lock = Path(f"{self._engine.url.database}.lock")
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            self._checkpoints = Checkpoints(self._engine)
        self._make()

    def keep(self, records: Sequence[Record]) -> None:
        """Keep decisions in one transaction: when this returns, all are on disk.

        Raises:
            sqlalchemy.exc.IntegrityError: an idempotency key was used meanwhile; none is kept.
            LedgerUnavailable: the database does not answer; no decision may be told.
        """
        if not records:
            return
        decisions = [_decision_row(record) for record in records]
        payloads = [_payload_row(record) for record in records]
        with reached(), self._turn(), self._engine.begin() as connection:
            connection.exec_driver_sql(self._insert_decisions, decisions)
            connection.exec_driver_sql(self._insert_payloads, payloads)
        if self._checkpoints:
            self._checkpoints.wrote()

    def find(self, decision_id: str) -> Record:
        """The record of a decision.

        Raises:
            UnknownDecision: none has this id.
        """
        if record := self._one(DECISION.c.decision_id == decision_id):
            return record
        raise UnknownDecision(decision_id)

    def answered(self, key: str, request_digest: bytes) -> Record | None:
        """The record that an idempotency key stands for, if the key was used.

        Raises:
            KeyReused: it was used for another request.
        """
        record = self._one(DECISION.c.request_key == key)
        if record and record.request_digest != request_digest:
            raise KeyReused(key)
        return record

    def between(self, since: datetime, until: datetime) -> Iterator[Record]:
        """Records from `since` until before `until`, oldest first, read as they are asked for."""
        low, high = _moment(since), _moment(until)
        where = (DECISION.c.decided_at >= low) & (DECISION.c.decided_at < high)
        query = _whole().where(where).order_by(DECISION.c.seq)
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # years of records take their time
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            for row in connection.execution_options(yield_per=1_000).execute(query):
                yield _record(row)

    def answers(self) -> bool:
        """Whether decisions can be read and kept at this moment."""
        try:
            with reached(), self._engine.connect() as connection:
                for table in (DECISION, PAYLOAD):
                    connection.execute(sa.select(table.c.decision_id).limit(1)).all()
                return takes(connection)
        except LedgerUnavailable:
            return False

    def close(self) -> None:
        """Let go of the database."""
        if self._checkpoints:
            self._checkpoints.close()
        self._engine.dispose()

    def _make(self) -> None:
        """Make the tables that are not there, one process at a time."""
        with reached(), self._turn(), self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(3)"))
            _TABLES.create_all(connection)

    def _turn(self) -> AbstractContextManager[None]:
        """Workers write to SQLite in turn: it would have them poll for its lock, up to 100 ms."""
        return nullcontext() if self._lock is None else locked(self._lock)

    def _one(self, where: sa.ColumnElement[bool]) -> Record | None:
        with reached(), self._engine.connect() as connection:
            row = connection.execute(_whole().where(where)).one_or_none()
        return _record(row) if row else None


def _whole() -> sa.Select[Any]:
    return sa.select(DECISION, PAYLOAD).join(PAYLOAD)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _decision_row(record: Record) -> dict[str, Any]:
    decision = record.decision
    return {
        "decision_id": decision.decision_id,
        "decided_at": _moment(decision.decided_at),
        "kind": record.kind,
        "core": orjson.dumps({name: getattr(decision, name) for name in CORE}),
        "request_key": record.request_key,
    }


def _payload_row(record: Record) -> dict[str, Any]:
    told = record.contributions
    return {
        "decision_id": record.decision.decision_id,
        "client_id": record.decision.client_id,
        "dossier": record.packed or pack(record.document),
        "features": record.row.tobytes(),
        "contributions": None if told is None else told.tobytes(),
        "request_digest": record.request_digest,
    }


def _record(row: Any) -> Record:
    core = orjson.loads(row.core)
    core |= {"outcome": Outcome(core["outcome"]), "rules": tuple(core["rules"])}
    told = row.contributions
    return Record(
        decision=Decision(
            decision_id=row.decision_id,
            client_id=row.client_id,
            decided_at=datetime.fromisoformat(row.decided_at),
            **core,
        ),
        kind=row.kind,
        document=orjson.loads(zlib.decompress(row.dossier)),
        row=np.frombuffer(row.features, dtype=np.float32),
        contributions=None if told is None else np.frombuffer(told, dtype=np.float64),
        request_digest=row.request_digest,
        request_key=row.request_key,
    )
