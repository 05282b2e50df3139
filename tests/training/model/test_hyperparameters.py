from __future__ import annotations

from pathlib import Path

import pytest

from training.model.hyperparameters import (
    DEFAULT_PARAMETERS,
    InvalidParameters,
    choose_parameters,
    read_parameters,
    resolve_parameters,
    write_parameters,
)


def test_written_parameters_override_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "tuning" / "parameters.yaml"
    write_parameters(path, {"num_leaves": 12, "bagged": 3}, {"auc": 0.7})
    assert read_parameters(path) == {**DEFAULT_PARAMETERS, "num_leaves": 12, "bagged": 3}
    assert [p.name for p in path.parent.iterdir()] == ["parameters.yaml"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("{num_leave: 12}", "did you mean num_leaves"),
        ("{num_leaves: many}", "parameters.num_leaves"),
        ("{monotone: 1}", "such as True"),
        ("{bagged: 0}", "parameters.bagged"),
        ("{bagged: 1.5}", "parameters.bagged"),
        ("{learning_rate: true}", "parameters.learning_rate"),
        ("[1, 2]", "one value per parameter"),
    ],
)
def test_an_unknown_name_or_invalid_value_is_a_fault_that_names_it(
    tmp_path: Path, parameters: str, message: str
) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(f"parameters: {parameters}")
    with pytest.raises(InvalidParameters, match=message):
        read_parameters(path)


@pytest.mark.parametrize(("gain_above_zero", "warning_count"), [(True, 0), (False, 1)])
def test_using_parameters_without_a_clear_gain_logs_a_warning(
    tmp_path: Path, *, gain_above_zero: bool, warning_count: int
) -> None:
    path = tmp_path / "parameters.yaml"
    write_parameters(path, {"num_leaves": 12}, {"gain_above_zero": gain_above_zero})
    lines: list[str] = []
    parameters = resolve_parameters(path, lines.append)
    assert parameters is not None
    assert parameters["num_leaves"] == 12
    assert len(lines) == warning_count
    assert all("from chance" in line for line in lines)


def test_a_training_without_a_file_gets_the_defaults_for_its_number_of_clients() -> None:
    assert resolve_parameters(None, pytest.fail) is None
    lines: list[str] = []
    assert choose_parameters(None, 100_000, lines.append) == DEFAULT_PARAMETERS
    large = choose_parameters(None, 100_001, lines.append)
    changed = {name: large[name] for name in large if large[name] != DEFAULT_PARAMETERS[name]}
    assert changed == {"num_leaves": 31, "lambda_l2": 100.0}
    assert lines == [
        "8 leaves a tree, the default for at most 100,000 clients",
        "31 leaves a tree, the default for more than 100,000 clients",
    ]
    chosen = {**DEFAULT_PARAMETERS, "num_leaves": 5}
    assert choose_parameters(chosen, 100_001, pytest.fail) is chosen


@pytest.mark.parametrize("text", ["", "just words", "{", "\x00"])
def test_a_file_without_parameters_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    with pytest.raises(InvalidParameters):
        read_parameters(path)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text("parameters: {num_leave: 12, bagged: 0}")
    with pytest.raises(InvalidParameters, match="2 faults"):
        read_parameters(path)
