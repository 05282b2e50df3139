"""The number of callers over the course of a run."""

import pytest

from loadtests.shapes import Shape, count_callers


@pytest.mark.parametrize("shape", Shape)
def test_there_is_always_a_caller_and_never_more_than_requested(shape: Shape) -> None:
    counts = [count_callers(shape, 40, moment / 200) for moment in range(200)]
    assert min(counts) >= 1
    assert max(counts) == (20 if shape is Shape.SOAK else 40)
