"""A file of parameters: what a search found, and what `python -m training --parameters` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from credit.errors import Fault, Faulty, nearest
from training.model.search_space import CREDIT_MODEL
from training.model.trainer import PARAMETERS

KNOWN = {**dict.fromkeys(CREDIT_MODEL, 0.0), "scale_pos_weight": 1.0, **PARAMETERS}
"""Every parameter a file may tell, with a value of its kind."""


class WrongParameters(Faulty):
    """A file of parameters is not one, or names what a fit does not take."""

    code = "wrong-parameters"
    subject = "file of parameters"


LUCK = (
    "{name}: the search that found these parameters could not tell their gain from chance "
    "(gain_above_zero: false)"
)


def parameters_of(path: Path | None, say: Callable[[str], object]) -> Mapping[str, Any]:
    """The parameters of a file, or the defaults without one; what speaks against them is said.

    Raises:
        WrongParameters: with every fault found.
    """
    if path is None:
        return PARAMETERS
    told = read_parameters(path)
    found = _yaml(path).get("found")
    if isinstance(found, dict) and found.get("gain_above_zero") is False:
        say(LUCK.format(name=path.name))
    return told


def read_parameters(path: Path) -> Mapping[str, Any]:
    """The defaults, and over them what the file tells under `parameters`.

    Raises:
        WrongParameters: with every fault found.
    """
    told = _yaml(path).get("parameters")
    if not isinstance(told, dict):
        raise WrongParameters([Fault("parameters", told, "a value a parameter")])
    faults = [fault for name, value in told.items() if (fault := _fault(str(name), value))]
    if faults:
        raise WrongParameters(faults)
    return {**PARAMETERS, **told}


def write_parameters(path: Path, told: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Write parameters with how they were found; the file appears only when it is whole."""
    text = yaml.safe_dump({"parameters": dict(told), "found": dict(found)}, sort_keys=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongParameters([Fault(path.name, "no YAML", "YAML with `parameters`")]) from error
    return whole if isinstance(whole, dict) else {}


def _fault(name: str, value: object) -> Fault | None:
    where = f"parameters.{name}"
    if name not in KNOWN:
        return Fault(where, value, nearest(name, KNOWN).replace("column", "parameter"))
    usual = KNOWN[name]
    if isinstance(usual, bool | str):
        right = type(value) is type(usual)
    else:
        right = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "bagged":
        right = type(value) is int and value >= 1
    return None if right else Fault(where, value, f"such as {usual!r}")
