"""What can go wrong on purpose.

CreditError
├── NotJson             the body of a request is not JSON
├── InvalidDossier      the data of a request break the schema: every fault is told
├── InvalidTables       the files of raw tables break the schema: every fault is told
├── UnknownClient       no dossier is kept under this client id
├── UnknownDecision     no decision is recorded under this id
├── LedgerUnavailable   the ledger does not answer: nothing can be recorded
├── KeyReused           an idempotency key came back with another request
├── ModelMismatch       a model asks for features that this version does not build
├── ImpossibleRisk      a scorer answered something that is not a probability
└── PolicyNotInForce    no policy is dated on or before the day asked for
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MAX_SHOWN_CHARS = 80
"""Characters of a wrong value that are repeated in an error: enough to find it."""

JSON_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)

EXPECTED_KNOWN_COLUMN = "a known column"
"""What is expected in the place of an unknown one."""


class CreditError(Exception):
    """Base of every error this platform raises on purpose.

    `code` is stable and machine-readable; the message is for people and may be reworded.
    """

    code = "credit-error"


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place: where it is, what stands there, what would be right."""

    where: str
    got: object
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: got {abbreviate_value(self.got)}, expected {self.expected}"


def abbreviate_value(value: object) -> str:
    """A wrong value as a person would write it, cut when long.

    No more of it is written than is shown: some hold millions of others.

    >>> shown([None] * 200)
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
    """What to expect instead of an unknown name: the nearest known one, or that there is none.

    >>> nearest("AMT_CREDT", ["AMT_CREDIT", "AMT_ANNUITY"])
    'a known column; did you mean AMT_CREDIT?'
    """
    matches: list[str] = []
    names = list(known_names)
    # What is thrice as long resembles none of them, and is not to be compared at length.
    if len(name) < 3 * max(map(len, names), default=0):
        matches = get_close_matches(name, names, n=1, cutoff=0.6)
    return (
        f"{EXPECTED_KNOWN_COLUMN}; did you mean {matches[0]}?"
        if matches
        else EXPECTED_KNOWN_COLUMN
    )


class InvalidInput(CreditError):
    """Base of the errors that list faults; not raised itself."""

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
    """The data of a request break the schema. Carries every fault, not the first.

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
    """No dossier is kept under this client id."""

    code = "unknown-client"

    def __init__(self, client_id: int) -> None:
        super().__init__(f"no client {client_id} is kept here")


class UnknownDecision(CreditError):
    """No decision is recorded under this id."""

    code = "unknown-decision"

    def __init__(self, decision_id: str) -> None:
        super().__init__(f"no decision {decision_id} is recorded here")


class LedgerUnavailable(CreditError):
    """The ledger does not answer. What cannot be recorded is not decided."""

    code = "ledger-unavailable"

    retry_after = 5
    """Seconds after which to ask again."""

    def __init__(self) -> None:
        super().__init__(
            f"decisions cannot be recorded or read at present; ask again in {self.retry_after} s"
        )


class IdempotencyKeyReused(CreditError):
    """An idempotency key came back with another request."""

    code = "idempotency-key-reused"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {abbreviate_value(key)} already answered another request"
        )


class ModelMismatch(CreditError):
    """A model asks for features that this version of the platform does not build."""

    code = "model-mismatch"


class ImpossibleRisk(CreditError):
    """A scorer answered something that is not a probability."""

    code = "impossible-risk"


class PolicyNotInForce(CreditError):
    """No policy is dated on or before the day asked for."""

    code = "policy-not-in-force"
