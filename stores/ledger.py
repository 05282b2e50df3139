"""Every answered decision, kept before it is answered: what was said, and what it was said of.

decision    what was decided, by which versions; names nobody
payload     the client, the raw dossier, the row of features, the contributions
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
from credit.errors import KeyReused, UnknownDecision
from credit.features import Matrix

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
    sa.Column("request_digest", sa.LargeBinary(32), nullable=False),
)

PAYLOAD = sa.Table(
    "payload",
    _TABLES,
    sa.Column("decision_id", sa.ForeignKey("decision.decision_id"), primary_key=True),
    sa.Column("client_id", sa.BigInteger, index=True),
    sa.Column("dossier", sa.LargeBinary, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sa.Column("contributions", sa.LargeBinary),
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
        self._engine = sa.create_engine(url)
        self._lock: Path | None = None
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _durable)
            self._lock = Path(f"{self._engine.url.database}.lock")
        _TABLES.create_all(self._engine)

    def keep(self, records: Sequence[Record]) -> list[None]:
        """Keep decisions in one transaction: when this returns, all are on disk.

        Raises:
            sqlalchemy.exc.IntegrityError: an idempotency key was used meanwhile; none is kept.
        """
        if not records:
            return []
        decisions = [_decision_row(record) for record in records]
        payloads = [_payload_row(record) for record in records]
        with self._turn(), self._engine.begin() as connection:
            connection.execute(DECISION.insert(), decisions)
            connection.execute(PAYLOAD.insert(), payloads)
        return [None] * len(records)

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
        with self._engine.connect().execution_options(yield_per=1_000) as connection:
            for row in connection.execute(query):
                yield _record(row)

    def _turn(self) -> AbstractContextManager[None]:
        """Workers write to SQLite in turn: it would have them poll for its lock, up to 100 ms."""
        return nullcontext() if self._lock is None else _locked(self._lock)

    def _one(self, where: sa.ColumnElement[bool]) -> Record | None:
        with self._engine.connect() as connection:
            row = connection.execute(_whole().where(where)).one_or_none()
        return _record(row) if row else None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("wb") as file:  # closing it gives the lock back
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _durable(connection: Any, _: object) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=30000",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


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
        "request_digest": record.request_digest,
    }


def _payload_row(record: Record) -> dict[str, Any]:
    told = record.contributions
    return {
        "decision_id": record.decision.decision_id,
        "client_id": record.decision.client_id,
        "dossier": record.packed or pack(record.document),
        "features": record.row.tobytes(),
        "contributions": None if told is None else told.tobytes(),
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
