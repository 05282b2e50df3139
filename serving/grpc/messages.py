"""Convert protobuf messages to requests, and decisions to protobuf messages."""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf.message import DecodeError, Message

from credit.contract.request import (
    ScoringRequest,
    build_batch_size_error,
    parse_python,
    parse_python_many,
)
from credit.contract.validation_errors import MAX_REQUESTS_PER_CALL
from credit.decision import Decision, Explanation, Outcome, Reason, UnknownField
from credit.errors import CreditError, Fault, InvalidDossier, InvalidInput
from credit.localised_text import Text
from credit.schema import APPLICATION
from credit.underwriting import FEATURE_DESCRIPTIONS
from serving.proto.credit.scoring.v1 import scoring_pb2 as pb

OUTCOME_MESSAGES = {
    Outcome.APPROVE: pb.OUTCOME_APPROVE,
    Outcome.REFER: pb.OUTCOME_REFER,
    Outcome.DECLINE: pb.OUTCOME_DECLINE,
}


class NotProtobuf(InvalidInput):
    """The bytes are not a message of the type that the call takes."""

    code = "not-protobuf"
    subject = "message"


def parse_message(message_type: type[Message], body: bytes) -> Any:
    """Parse a message.

    Raises:
        NotProtobuf: The bytes are not such a message.
        InvalidDossier: The message has unknown fields; ignoring them could change a decision.
    """
    message = message_type()
    try:
        message.ParseFromString(body)
    except DecodeError as error:
        expected = f"a {message.DESCRIPTOR.full_name}"
        raise NotProtobuf([Fault("message", f"{len(body):,} bytes", expected)]) from error
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if unknown := size - message.ByteSize():
        expected = f"the fields of {message.DESCRIPTOR.full_name}, as listed by server reflection"
        raise InvalidDossier([Fault("request", f"{unknown:,} bytes of unknown fields", expected)])
    return message


def parse_scoring_request(body: bytes) -> tuple[ScoringRequest, str | None]:
    """Parse a request and the idempotency key in its message.

    Raises:
        NotProtobuf: The bytes are not such a message.
        InvalidDossier: The request breaks the schema.
    """
    message: pb.ScoringRequest = parse_message(pb.ScoringRequest, body)
    return parse_python(_to_request_body(message)), message.idempotency_key or None


def parse_predict_many_request(body: bytes) -> list[ScoringRequest | CreditError]:
    """Parse the requests of a call with many, in order; a bad request yields an error.

    Raises:
        NotProtobuf: The bytes are not such a message.
        InvalidDossier: There are too many requests.
    """
    message: pb.PredictManyRequest = parse_message(pb.PredictManyRequest, body)
    if len(message.requests) > MAX_REQUESTS_PER_CALL:
        raise build_batch_size_error()
    return parse_python_many(map(_to_request_body_or_error, message.requests))


def _to_request_body_or_error(message: pb.ScoringRequest) -> dict[str, Any] | InvalidDossier:
    if key := message.idempotency_key:
        expected = "none: it is for Predict, Explain"
        return InvalidDossier([Fault("idempotency_key", key, expected)])
    return _to_request_body(message)


def _to_request_body(message: pb.ScoringRequest) -> dict[str, Any]:
    """Convert a message to the structure of an HTTP body."""
    request_body: dict[str, Any] = {}
    if message.HasField("client_id"):
        request_body["client_id"] = message.client_id
    if message.HasField("dossier"):
        request_body["dossier"] = _to_document(message.dossier)
    changes = dict.fromkeys(message.changes_to_unknown) | _to_row(message.changes)
    if changes:
        request_body["changes"] = changes
    return request_body


def build_decision_message(decision: Decision) -> pb.Decision:
    """Return the message of a recorded decision."""
    message = pb.Decision(
        decision_id=decision.decision_id or "",
        client_id=decision.client_id,
        risk=decision.risk,
        index=decision.index,
        points=decision.points,
        outcome=OUTCOME_MESSAGES[decision.outcome],
        rules=decision.rules,
        not_stated=decision.not_stated,
        threshold=decision.threshold,
        model_version=decision.model_version,
        policy_version=decision.policy_version,
    )
    message.decided_at.FromDatetime(decision.decided_at)
    return message


def build_explanation_message(explanation: Explanation) -> pb.Explanation:
    """Return the message of a recorded decision with its contributions and reasons."""
    message = pb.Explanation()
    message.CopyFrom(_make_explanation_template())
    message.decision.CopyFrom(build_decision_message(explanation))
    message.base_risk = explanation.base_risk
    if explanation.index_margin is not None:
        message.index_margin = explanation.index_margin
    message.reasons.extend(map(_build_reason_message, explanation.reasons))
    message.unknown_fields.extend(map(_build_unknown_field_message, explanation.unknown_fields))
    for contribution_message, contribution in zip(
        message.contributions, explanation.contributions, strict=True
    ):
        if isinstance(contribution.value, str):
            contribution_message.word = contribution.value
        elif contribution.value is not None:
            contribution_message.number = contribution.value
        contribution_message.log_odds = contribution.log_odds
        contribution_message.points = contribution.points
    return message


@cache
def _make_explanation_template() -> pb.Explanation:
    """Return the part that all explanations share; a copy is faster than building it."""
    features = (
        pb.Contribution(feature=name, label=_build_text_message(label), concept=concept, unit=unit)
        for name, label, concept, unit in FEATURE_DESCRIPTIONS
    )
    return pb.Explanation(contributions=features)


def _build_reason_message(reason: Reason) -> pb.Reason:
    return pb.Reason(
        concept=reason.concept,
        label=_build_text_message(reason.label),
        text=_build_text_message(reason.text),
        raises=reason.raises,
        log_odds=reason.log_odds,
        points=reason.points,
    )


def _build_unknown_field_message(unknown_field: UnknownField) -> pb.UnknownField:
    return pb.UnknownField(
        field=unknown_field.field,
        label=_build_text_message(unknown_field.label),
        stated_by=unknown_field.stated_by,
        log_odds=unknown_field.log_odds,
        points=unknown_field.points,
    )


def _build_text_message(text: Text) -> pb.Text:
    return pb.Text(fr=text.fr, en=text.en)


def _to_document(message: Message) -> dict[str, Any]:
    return {
        field.name: _to_row(value)
        if field.name == APPLICATION.name
        else list(map(_to_row, value.rows))
        for field, value in message.ListFields()
    }


def _to_row(message: Message) -> dict[str, Any]:
    """Return the cells that are known."""
    return {field.name: value for field, value in message.ListFields()}
