import datetime

from serving.proto.credit.scoring.v1 import dossier_pb2 as _dossier_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_APPROVE: _ClassVar[Outcome]
    OUTCOME_REFER: _ClassVar[Outcome]
    OUTCOME_DECLINE: _ClassVar[Outcome]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_APPROVE: Outcome
OUTCOME_REFER: Outcome
OUTCOME_DECLINE: Outcome

class ScoringRequest(_message.Message):
    __slots__ = ("client_id", "dossier", "changes", "changes_to_unknown", "idempotency_key")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    DOSSIER_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CHANGES_TO_UNKNOWN_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    client_id: int
    dossier: _dossier_pb2.Dossier
    changes: _dossier_pb2.Application
    changes_to_unknown: _containers.RepeatedScalarFieldContainer[str]
    idempotency_key: str
    def __init__(self, client_id: _Optional[int] = ..., dossier: _Optional[_Union[_dossier_pb2.Dossier, _Mapping]] = ..., changes: _Optional[_Union[_dossier_pb2.Application, _Mapping]] = ..., changes_to_unknown: _Optional[_Iterable[str]] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class Decision(_message.Message):
    __slots__ = ("decision_id", "client_id", "risk", "index", "points", "outcome", "rules", "threshold", "model_version", "policy_version", "decided_at", "not_stated")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    NOT_STATED_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    client_id: int
    risk: float
    index: float
    points: float
    outcome: Outcome
    rules: _containers.RepeatedScalarFieldContainer[str]
    threshold: float
    model_version: str
    policy_version: str
    decided_at: _timestamp_pb2.Timestamp
    not_stated: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, decision_id: _Optional[str] = ..., client_id: _Optional[int] = ..., risk: _Optional[float] = ..., index: _Optional[float] = ..., points: _Optional[float] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., rules: _Optional[_Iterable[str]] = ..., threshold: _Optional[float] = ..., model_version: _Optional[str] = ..., policy_version: _Optional[str] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., not_stated: _Optional[_Iterable[str]] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("fr", "en")
    FR_FIELD_NUMBER: _ClassVar[int]
    EN_FIELD_NUMBER: _ClassVar[int]
    fr: str
    en: str
    def __init__(self, fr: _Optional[str] = ..., en: _Optional[str] = ...) -> None: ...

class Contribution(_message.Message):
    __slots__ = ("feature", "label", "concept", "number", "word", "unit", "log_odds", "points")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    WORD_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LOG_ODDS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    feature: str
    label: Text
    concept: str
    number: float
    word: str
    unit: str
    log_odds: float
    points: float
    def __init__(self, feature: _Optional[str] = ..., label: _Optional[_Union[Text, _Mapping]] = ..., concept: _Optional[str] = ..., number: _Optional[float] = ..., word: _Optional[str] = ..., unit: _Optional[str] = ..., log_odds: _Optional[float] = ..., points: _Optional[float] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("concept", "label", "text", "raises", "log_odds", "points")
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    RAISES_FIELD_NUMBER: _ClassVar[int]
    LOG_ODDS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    concept: str
    label: Text
    text: Text
    raises: bool
    log_odds: float
    points: float
    def __init__(self, concept: _Optional[str] = ..., label: _Optional[_Union[Text, _Mapping]] = ..., text: _Optional[_Union[Text, _Mapping]] = ..., raises: _Optional[bool] = ..., log_odds: _Optional[float] = ..., points: _Optional[float] = ...) -> None: ...

class UnknownField(_message.Message):
    __slots__ = ("field", "label", "stated_by", "log_odds", "points")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    STATED_BY_FIELD_NUMBER: _ClassVar[int]
    LOG_ODDS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    field: str
    label: Text
    stated_by: str
    log_odds: float
    points: float
    def __init__(self, field: _Optional[str] = ..., label: _Optional[_Union[Text, _Mapping]] = ..., stated_by: _Optional[str] = ..., log_odds: _Optional[float] = ..., points: _Optional[float] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("decision", "base_risk", "contributions", "reasons", "unknown_fields", "index_margin")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    BASE_RISK_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTIONS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FIELDS_FIELD_NUMBER: _ClassVar[int]
    INDEX_MARGIN_FIELD_NUMBER: _ClassVar[int]
    decision: Decision
    base_risk: float
    contributions: _containers.RepeatedCompositeFieldContainer[Contribution]
    reasons: _containers.RepeatedCompositeFieldContainer[Reason]
    unknown_fields: _containers.RepeatedCompositeFieldContainer[UnknownField]
    index_margin: float
    def __init__(self, decision: _Optional[_Union[Decision, _Mapping]] = ..., base_risk: _Optional[float] = ..., contributions: _Optional[_Iterable[_Union[Contribution, _Mapping]]] = ..., reasons: _Optional[_Iterable[_Union[Reason, _Mapping]]] = ..., unknown_fields: _Optional[_Iterable[_Union[UnknownField, _Mapping]]] = ..., index_margin: _Optional[float] = ...) -> None: ...

class PredictManyRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[ScoringRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[ScoringRequest, _Mapping]]] = ...) -> None: ...

class PredictManyResponse(_message.Message):
    __slots__ = ("place", "decision", "error")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    place: int
    decision: Decision
    error: Failure
    def __init__(self, place: _Optional[int] = ..., decision: _Optional[_Union[Decision, _Mapping]] = ..., error: _Optional[_Union[Failure, _Mapping]] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("code", "message", "faults")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("where", "got", "expected")
    WHERE_FIELD_NUMBER: _ClassVar[int]
    GOT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    where: str
    got: _struct_pb2.Value
    expected: str
    def __init__(self, where: _Optional[str] = ..., got: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., expected: _Optional[str] = ...) -> None: ...
