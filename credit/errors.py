"""Define the errors that the platform raises on purpose.

CreditError
├── NotJson                the body of a request is not JSON
├── InvalidDossier         the data of a request break the schema; lists every fault
├── InvalidTables          the raw tables break the schema; lists every fault
├── UnknownClient          the client store has no dossier with this id
├── UnknownDecision        the ledger has no decision with this id
├── LedgerUnavailable      the ledger does not answer: nothing can be recorded
├── IdempotencyKeyReused   an idempotency key came with another request
├── ModelMismatch          a model needs features that this version does not build
├── ImpossibleRisk         a scorer returned something that is not a probability
└── PolicyNotInForce       no policy is dated on or before the requested day
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MAX_SHOWN_CHARS = 80
"""Length of a wrong value in an error message: enough to find it."""

JSON_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)

EXPECTED_KNOWN_COLUMN = "a known column"
"""Expected instead of an unknown column."""


class CreditError(Exception):
    """Base of every error this platform raises on purpose.

    `code` is stable and machine-readable; the message is for people and may be reworded.
    """

    code = "credit-error"


@dataclass(frozen=True)
class Fault:
    """One fault: its location, the value found, and what was expected."""

    where: str
    got: object
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: got {abbreviate_value(self.got)}, expected {self.expected}"


def abbreviate_value(value: object) -> str:
    """Format a wrong value for a message, and truncate it.

    Only the shown part is encoded: a value may hold millions of others.

    >>> abbreviate_value([None] * 200)
    '[null, null, null, null, null, null, null, null, null, null, null, null, null...'
    """
    text = ""
    truncated = value[: MAX_SHOWN_CHARS + 1] if isinstance(value, str) else value
    for chunk in JSON_ENCODER.iterencode(truncated):
        text += chunk
        if len(text) > MAX_SHOWN_CHARS:
            return f"{text[: MAX_SHOWN_CHARS - 3]}..."
    return text


def suggest_known_name(name: str, known_names: Iterable[str]) -> str:
    """Describe what is expected instead of an unknown name, with the nearest known one.

    >>> suggest_known_name("AMT_CREDT", ["AMT_CREDIT", "AMT_ANNUITY"])
    'a known column; did you mean AMT_CREDIT?'
    """
    matches: list[str] = []
    names = list(known_names)
    # A name three times as long resembles none of them, and comparing it takes long.
    if len(name) < 3 * max(map(len, names), default=0):
        matches = get_close_matches(name, names, n=1, cutoff=0.6)
    return (
        f"{EXPECTED_KNOWN_COLUMN}; did you mean {matches[0]}?"
        if matches
        else EXPECTED_KNOWN_COLUMN
    )


class InvalidInput(CreditError):
    """Base of errors that list faults; not raised itself."""

    subject = "input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        noun = "fault" if len(self.faults) == 1 else "faults"
        lines = "".join(f"\n  {fault}" for fault in self.faults)
        super().__init__(f"{len(self.faults)} {noun} in the {self.subject}:{lines}")


class NotJson(InvalidInput):
    """The body of a request is not JSON."""

    code = "not-json"
    subject = "body"


class InvalidDossier(InvalidInput):
    """The data of a request break the schema. Lists every fault.

    >>> raise InvalidDossier([Fault("application.AMT_CREDIT", -200.0, "a number from 0 to 1e+10")])
    Traceback (most recent call last):
        ...
    credit.errors.InvalidDossier: 1 fault in the request:
      application.AMT_CREDIT: got -200.0, expected a number from 0 to 1e+10
    """

    code = "invalid-request"
    subject = "request"


class InvalidTables(InvalidInput):
    """The files of raw tables break the schema."""

    code = "invalid-tables"
    subject = "tables"


class UnknownClient(CreditError):
    """The client store has no dossier with this id."""

    code = "unknown-client"

    def __init__(self, client_id: int) -> None:
        super().__init__(f"no client {client_id} is kept here")


class UnknownDecision(CreditError):
    """The ledger has no decision with this id."""

    code = "unknown-decision"

    def __init__(self, decision_id: str) -> None:
        super().__init__(f"no decision {decision_id} is recorded here")


class LedgerUnavailable(CreditError):
    """The ledger does not answer, so nothing is decided."""

    code = "ledger-unavailable"

    retry_after = 5
    """Seconds until the caller may retry."""

    def __init__(self) -> None:
        super().__init__(
            f"decisions cannot be recorded or read at present; retry in {self.retry_after} s"
        )


class IdempotencyKeyReused(CreditError):
    """An idempotency key came with another request."""

    code = "idempotency-key-reused"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {abbreviate_value(key)} already answered another request"
        )


class ModelMismatch(CreditError):
    """A model needs features that this version of the platform does not build."""

    code = "model-mismatch"


class ImpossibleRisk(CreditError):
    """A scorer returned something that is not a probability."""

    code = "impossible-risk"


class PolicyNotInForce(CreditError):
    """No policy is dated on or before the requested day."""

    code = "policy-not-in-force"
