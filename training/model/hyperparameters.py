"""Default parameters, and the YAML files that a search writes and `--parameters` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from credit.errors import Fault, InvalidInput, suggest_known_name
from training.model.search_space import CREDIT_MODEL_SPACE

DEFAULT_PARAMETERS: Mapping[str, Any] = MappingProxyType({
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 8,
    "min_child_samples": 150,
    "feature_fraction": 0.1,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "cat_smooth": 50.0,
    "cat_l2": 50.0,
    "max_cat_threshold": 8,
    "max_bin": 63,
    "force_col_wise": True,
    "verbosity": -1,
    "monotone": True,
    "bagged": 5,
})  # fmt: skip
"""LightGBM's parameters under its own names, and two of this project.

Trees are small, bins coarse and columns few per tree, because there are only about 15,000 clients.
`monotone` enforces the declared directions of risk, so that no reason contradicts its direction.
`bagged` is the number of models with different seeds; their log-odds are averaged, so that scores
depend less on one seed, and training takes as many times longer (docs/results.md).
"""

LARGE_DATA_CLIENTS = 100_000
"""Number of clients above which larger trees rank better (docs/results.md)."""

LARGE_DATA_PARAMETERS: Mapping[str, Any] = MappingProxyType({
    **DEFAULT_PARAMETERS, "num_leaves": 31, "lambda_l2": 100.0,
})  # fmt: skip
"""Default parameters for more than `LARGE_DATA_CLIENTS` clients."""

PARAMETER_EXAMPLES = {
    **dict.fromkeys(CREDIT_MODEL_SPACE, 0.0),
    "scale_pos_weight": 1.0,
    **DEFAULT_PARAMETERS,
}
"""Every parameter that a file may contain, with an example value of its type."""


class InvalidParameters(InvalidInput):
    """A parameters file cannot be read, or contains an unknown parameter or an invalid value."""

    code = "wrong-parameters"
    subject = "file of parameters"


CHANCE_WARNING = (
    "{name}: in the search that found these parameters, their gain was not distinguishable "
    "from chance (gain_above_zero: false)"
)
"""Warning logged when parameters are used although their search found no significant gain."""


def choose_parameters(
    parameters: Mapping[str, Any] | None, client_count: int, log: Callable[[str], object]
) -> Mapping[str, Any]:
    """Return the given parameters, or the defaults for a number of clients, and log which."""
    if parameters is not None:
        return parameters
    is_large = client_count > LARGE_DATA_CLIENTS
    defaults = LARGE_DATA_PARAMETERS if is_large else DEFAULT_PARAMETERS
    relation = "more than" if is_large else "at most"
    log(
        f"{defaults['num_leaves']} leaves a tree, the default for {relation} "
        f"{LARGE_DATA_CLIENTS:,} clients"
    )
    return defaults


def resolve_parameters(
    path: Path | None, log: Callable[[str], object]
) -> Mapping[str, Any] | None:
    """Return the parameters of a file; None if `path` is None.

    Args:
        path: YAML file as `write_parameters` writes it.
        log: Receives a warning if the search that found the parameters measured no clear gain.

    Raises:
        InvalidParameters: The file is not valid; the error lists every fault.
    """
    if path is None:
        return None
    parameters = read_parameters(path)
    search_record = _read_yaml(path).get("found")
    if isinstance(search_record, dict) and search_record.get("gain_above_zero") is False:
        log(CHANCE_WARNING.format(name=path.name))
    return parameters


def read_parameters(path: Path) -> Mapping[str, Any]:
    """Return the defaults, overridden by the file's section `parameters`.

    Raises:
        InvalidParameters: The file is not valid; the error lists every fault.
    """
    parameters = _read_yaml(path).get("parameters")
    if not isinstance(parameters, dict):
        raise InvalidParameters([Fault("parameters", parameters, "one value per parameter")])
    faults = [
        fault for name, value in parameters.items() if (fault := _find_fault(str(name), value))
    ]
    if faults:
        raise InvalidParameters(faults)
    return {**DEFAULT_PARAMETERS, **parameters}


def write_parameters(
    path: Path, parameters: Mapping[str, Any], search_record: Mapping[str, Any]
) -> None:
    """Write parameters and the record of their search; the file is replaced atomically."""
    text = yaml.safe_dump(
        {"parameters": dict(parameters), "found": dict(search_record)}, sort_keys=False
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temp_path = path.with_suffix(".part")
    temp_path.write_text(text, encoding="utf-8")
    temp_path.replace(path)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidParameters(
            [Fault(path.name, "not valid YAML", "YAML with a section `parameters`")]
        ) from error
    return document if isinstance(document, dict) else {}


def _find_fault(name: str, value: object) -> Fault | None:
    location = f"parameters.{name}"
    if name not in PARAMETER_EXAMPLES:
        return Fault(
            location,
            value,
            suggest_known_name(name, PARAMETER_EXAMPLES).replace("column", "parameter"),
        )
    example = PARAMETER_EXAMPLES[name]
    if isinstance(example, bool | str):
        is_valid = type(value) is type(example)
    else:
        is_valid = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "bagged":
        is_valid = type(value) is int and value >= 1
    return None if is_valid else Fault(location, value, f"such as {example!r}")
