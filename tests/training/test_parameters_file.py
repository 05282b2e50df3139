from __future__ import annotations

from pathlib import Path

import pytest

from training.model.hyperparameters import (
    DEFAULT_PARAMETERS,
    InvalidParameters,
    read_parameters,
    resolve_parameters,
    write_parameters,
)


def test_what_is_written_is_read_over_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "tuning" / "parameters.yaml"
    write_parameters(path, {"num_leaves": 12, "bagged": 3}, {"auc": 0.7})
    assert read_parameters(path) == {**DEFAULT_PARAMETERS, "num_leaves": 12, "bagged": 3}
    assert [p.name for p in path.parent.iterdir()] == ["parameters.yaml"]


@pytest.mark.parametrize(
    ("told", "said"),
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
def test_what_a_fit_does_not_take_is_a_fault_that_names_it(
    tmp_path: Path, told: str, said: str
) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(f"parameters: {told}")
    with pytest.raises(InvalidParameters, match=said):
        read_parameters(path)


@pytest.mark.parametrize(("above", "said"), [(True, 0), (False, 1)])
def test_a_gain_not_told_from_chance_is_said_when_it_is_used(
    tmp_path: Path, *, above: bool, said: int
) -> None:
    path = tmp_path / "parameters.yaml"
    write_parameters(path, {"num_leaves": 12}, {"gain_above_zero": above})
    told: list[str] = []
    assert resolve_parameters(path, told.append)["num_leaves"] == 12
    assert len(told) == said
    assert all("from chance" in line for line in told)


def test_without_a_file_there_are_the_defaults() -> None:
    assert resolve_parameters(None, pytest.fail) == DEFAULT_PARAMETERS


@pytest.mark.parametrize("text", ["", "just words", "{", "\x00"])
def test_a_file_that_is_none_of_parameters_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    with pytest.raises(InvalidParameters):
        read_parameters(path)


def test_every_fault_is_told(tmp_path: Path) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text("parameters: {num_leave: 12, bagged: 0}")
    with pytest.raises(InvalidParameters, match="2 faults"):
        read_parameters(path)
