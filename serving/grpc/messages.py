"""Between protobuf and the domain: requests in, decisions out."""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf.message import DecodeError, Message

from credit.contract.request import ScoringRequest, read_each, read_said, too_many
from credit.contract.validation_errors import MOST_REQUESTS
from credit.decision import Decision, Explanation, Outcome, Reason
from credit.errors import CreditError, Fault, Faulty, InvalidDossier
from credit.localised_text import Text
from credit.schema import APPLICATION
from credit.underwriting import FEATURES
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb

OUTCOMES = {
    Outcome.APPROVE: pb.OUTCOME_APPROVE,
    Outcome.REFER: pb.OUTCOME_REFER,
    Outcome.DECLINE: pb.OUTCOME_DECLINE,
}


class NotProtobuf(Faulty):
    """The bytes of a message are not the message that the call takes."""

    code = "not-protobuf"
    subject = "message"


def read_message(kind: type[Message], body: bytes) -> Any:
    """The message in some bytes.

    Raises:
        NotProtobuf: they are something else.
        InvalidDossier: they hold fields that the message does not have; passing over them might
            change a decision.
    """
    message = kind()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        expected = f"a {message.DESCRIPTOR.full_name}"
        raise NotProtobuf([Fault("message", f"{len(body):,} bytes", expected)]) from error
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if unknown := size - message.ByteSize():
        expected = f"the fields of {message.DESCRIPTOR.full_name}, which reflection tells"
        raise InvalidDossier([Fault("request", f"{unknown:,} bytes of unknown fields", expected)])
    return message


def read_one(body: bytes) -> tuple[ScoringRequest, str | None]:
    """The request in the bytes of a message, and the key that the message has.

    Raises:
        NotProtobuf: they are no such message.
        InvalidDossier: the request breaks the schema.
    """
    message: pb.ScoringRequest = read_message(pb.ScoringRequest, body)
    return read_said(_said(message)), message.idempotency_key or None


def read_many(body: bytes) -> list[ScoringRequest | CreditError]:
    """The requests in the bytes of a message; a bad one is an error in its place.

    Raises:
        NotProtobuf: they are no such message.
        InvalidDossier: there are too many.
    """
    message: pb.PredictManyRequest = read_message(pb.PredictManyRequest, body)
    if len(message.requests) > MOST_REQUESTS:
        raise too_many()
    return read_each(map(_said_or_keyed, message.requests))


def _said_or_keyed(message: pb.ScoringRequest) -> dict[str, Any] | InvalidDossier:
    if key := message.idempotency_key:
        expected = "none: it is for Predict, Explain"
        return InvalidDossier([Fault("idempotency_key", key, expected)])
    return _said(message)


def _said(message: pb.ScoringRequest) -> dict[str, Any]:
    """A message in the shape that HTTP's bodies have."""
    said: dict[str, Any] = {}
    if message.HasField("client_id"):
        said["client_id"] = message.client_id
    if message.HasField("dossier"):
        said["dossier"] = _dossier(message.dossier)
    changes = dict.fromkeys(message.changes_to_unknown) | _row(message.changes)
    if changes:
        said["changes"] = changes
    return said


def decision_message(decision: Decision) -> pb.Decision:
    """A recorded decision."""
    message = pb.Decision(
        decision_id=decision.decision_id or "",
        client_id=decision.client_id,
        risk=decision.risk,
        index=decision.index,
        points=decision.points,
        outcome=OUTCOMES[decision.outcome],
        rules=decision.rules,
        threshold=decision.threshold,
        model_version=decision.model_version,
        policy_version=decision.policy_version,
    )
    message.decided_at.FromDatetime(decision.decided_at)
    return message


def explanation_message(explanation: Explanation) -> pb.Explanation:
    """A recorded decision with what made it."""
    message = pb.Explanation()
    message.CopyFrom(_whoever_is_explained())
    message.decision.CopyFrom(decision_message(explanation))
    message.base_risk = explanation.base_risk
    message.reasons.extend(map(_reason, explanation.reasons))
    for part, told in zip(message.contributions, explanation.contributions, strict=True):
        if isinstance(told.value, str):
            part.word = told.value
        elif told.value is not None:
            part.number = told.value
        part.log_odds = told.log_odds
        part.points = told.points
    return message


@cache
def _whoever_is_explained() -> pb.Explanation:
    """What every explanation says of its features: copied sooner than it is made."""
    features = (
        pb.Contribution(feature=name, label=_text(label), concept=concept, unit=unit)
        for name, label, concept, unit in FEATURES
    )
    return pb.Explanation(contributions=features)


def _reason(told: Reason) -> pb.Reason:
    return pb.Reason(
        concept=told.concept,
        label=_text(told.label),
        text=_text(told.text),
        raises=told.raises,
        log_odds=told.log_odds,
        points=told.points,
    )


def _text(text: Text) -> pb.Text:
    return pb.Text(fr=text.fr, en=text.en)


def _dossier(message: Message) -> dict[str, Any]:
    return {
        field.name: _row(part) if field.name == APPLICATION.name else list(map(_row, part.rows))
        for field, part in message.ListFields()
    }


def _row(message: Message) -> dict[str, Any]:
    """The cells that are known."""
    return {field.name: value for field, value in message.ListFields()}
