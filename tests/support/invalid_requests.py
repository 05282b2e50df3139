"""Make small requests, valid and invalid, and get their faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from credit.contract.request import parse_request
from credit.errors import Fault, InvalidDossier


def encode_request(request: object) -> bytes:
    """Return the JSON body of a request."""
    return json.dumps(request).encode()


def make_form(**columns: Any) -> dict[str, Any]:
    """Return a request with a dossier that has only these columns of the form."""
    return {"dossier": {"application": columns}}


def make_histories(**tables: Any) -> dict[str, Any]:
    """Return a request with a dossier that has an empty form and these histories."""
    return {"dossier": {"application": {}, **tables}}


def get_faults(request: object) -> Sequence[Fault]:
    """Return the faults with which an invalid request is rejected."""
    with pytest.raises(InvalidDossier) as raised:
        parse_request(encode_request(request))
    return raised.value.faults
