"""Dossiers side by side: whose rows are whose, what is known, which words are none."""

from __future__ import annotations

import numpy as np
import pytest

from credit.columns import FEW, _looked_up_before
from credit.dossier import Dossiers, Words
from credit.schema import HISTORIES
from tests.people import applicant, stranger, with_history


def test_every_row_belongs_to_the_dossier_it_came_in() -> None:
    people = [with_history(bureau=[{}, {}]), stranger(), with_history(bureau=[{}])]
    bureau = Dossiers.of(people).tables["bureau"]
    assert bureau.owner.tolist() == [0, 0, 2]
    assert bureau.known.tolist() == [True, False, True]
    assert len(bureau) == 3


def test_an_empty_history_is_known_and_a_missing_one_is_not() -> None:
    people = [with_history(bureau=[]), with_history(bureau=None), stranger()]
    assert Dossiers.of(people).tables["bureau"].known.tolist() == [True, False, False]


def test_a_cell_left_out_is_as_unknown_as_null() -> None:
    form = applicant(AMT_CREDIT=None)["application"]
    left_out = {name: cell for name, cell in form.items() if name != "AMT_CREDIT"}
    rows = Dossiers.of([{"application": form}, {"application": left_out}]).tables["application"]
    assert np.isnan(rows["AMT_CREDIT"]).all()


def test_yes_and_no_are_one_and_zero() -> None:
    people = [applicant(FLAG_OWN_CAR=answer) for answer in ("Y", "N", None)]
    owns_car = Dossiers.of(people).tables["application"]["FLAG_OWN_CAR"]
    assert owns_car[:2].tolist() == [1, 0]
    assert np.isnan(owns_car[2])


def test_a_sentinel_is_unknown_as_a_number_and_can_still_be_asked_for() -> None:
    people = [applicant(DAYS_EMPLOYED=days) for days in (365_243, -10, None)]
    form = Dossiers.of(people).tables["application"]
    assert np.isnan(form["DAYS_EMPLOYED"]).tolist() == [True, False, True]
    said = form.says("DAYS_EMPLOYED", 365_243)
    assert said[:2].tolist() == [1, 0]
    assert np.isnan(said[2])


def test_words_are_no_numbers_and_numbers_no_words() -> None:
    form = Dossiers.of([applicant()]).tables["application"]
    with pytest.raises(TypeError, match="NAME_CONTRACT_TYPE holds words"):
        form["NAME_CONTRACT_TYPE"]
    with pytest.raises(TypeError, match="AMT_CREDIT holds numbers"):
        form.words("AMT_CREDIT")
    with pytest.raises(TypeError, match="holds words"):
        form.says("NAME_CONTRACT_TYPE", 1)


def test_an_unknown_word_equals_no_word() -> None:
    words = Words.of(["Active", None, "XNA"], frozenset({"XNA"}))
    assert (words == "Active").tolist() == [True, False, False]
    assert (words == "XNA").tolist() == [False, False, False]
    assert (words == "never seen").tolist() == [False, False, False]
    assert words.isin(("Active", "XNA", "never seen")).tolist() == [True, False, False]
    assert words.known.tolist() == [True, False, False]


def test_a_history_can_be_hidden_from_some_without_touching_the_others() -> None:
    people = [with_history(bureau=[{}, {}]), with_history(bureau=[{}])]
    whole = Dossiers.of(people)
    hidden = whole.without("bureau", np.array([True, False]))
    assert hidden.tables["bureau"].owner.tolist() == [1]
    assert hidden.tables["bureau"].known.tolist() == [False, True]
    assert len(whole.tables["bureau"]) == 3
    for name in HISTORIES.keys() - {"bureau"}:
        assert hidden.tables[name] is whole.tables[name]


def test_fewer_columns_may_be_taken() -> None:
    columns = dict.fromkeys(HISTORIES, ()) | {"application": ("AMT_CREDIT",)}
    taken = Dossiers.of([applicant()], columns)
    assert list(taken.tables["application"].cells) == ["AMT_CREDIT"]
    assert len(taken.tables["bureau"]) == 5


def test_vocabularies_that_may_be_anybody_s_are_not_kept() -> None:
    kept = _looked_up_before.cache_info().currsize
    many = Words.of([f"word {number}" for number in range(FEW + 1)], frozenset())
    assert many.says(("word 7",)).tolist() == [0.0] * 7 + [1.0] + [0.0] * (FEW - 7)
    assert _looked_up_before.cache_info().currsize == kept
