"""Test how dossiers become columns: owners of rows, unknown values, categories."""

from __future__ import annotations

import numpy as np
import pytest

from credit.columns import MAX_CACHED_CATEGORIES, _cached_lookup
from credit.dossier import CategoricalColumn, DossierBatch
from credit.schema import HISTORIES
from tests.support.example_dossiers import (
    make_applicant,
    make_applicant_with_history,
    make_applicant_without_history,
)


def test_every_row_belongs_to_the_dossier_it_came_in() -> None:
    people = [
        make_applicant_with_history(bureau=[{}, {}]),
        make_applicant_without_history(),
        make_applicant_with_history(bureau=[{}]),
    ]
    bureau = DossierBatch.from_documents(people).tables["bureau"]
    assert bureau.owner.tolist() == [0, 0, 2]
    assert bureau.known.tolist() == [True, False, True]
    assert len(bureau) == 3


def test_an_empty_history_is_known_and_a_missing_one_is_not() -> None:
    people = [
        make_applicant_with_history(bureau=[]),
        make_applicant_with_history(bureau=None),
        make_applicant_without_history(),
    ]
    assert DossierBatch.from_documents(people).tables["bureau"].known.tolist() == [
        True,
        False,
        False,
    ]


def test_a_cell_left_out_is_as_unknown_as_null() -> None:
    form = make_applicant(AMT_CREDIT=None)["application"]
    left_out = {name: cell for name, cell in form.items() if name != "AMT_CREDIT"}
    rows = DossierBatch.from_documents([{"application": form}, {"application": left_out}]).tables[
        "application"
    ]
    assert np.isnan(rows["AMT_CREDIT"]).all()


def test_yes_and_no_are_one_and_zero() -> None:
    people = [make_applicant(FLAG_OWN_CAR=answer) for answer in ("Y", "N", None)]
    owns_car = DossierBatch.from_documents(people).tables["application"]["FLAG_OWN_CAR"]
    assert owns_car[:2].tolist() == [1, 0]
    assert np.isnan(owns_car[2])


def test_a_sentinel_is_nan_as_a_number_and_can_still_be_flagged() -> None:
    people = [make_applicant(DAYS_EMPLOYED=days) for days in (365_243, -10, None)]
    form = DossierBatch.from_documents(people).tables["application"]
    assert np.isnan(form["DAYS_EMPLOYED"]).tolist() == [True, False, True]
    text = form.flag_sentinel("DAYS_EMPLOYED", 365_243)
    assert text[:2].tolist() == [1, 0]
    assert np.isnan(text[2])


def test_categories_are_not_numbers_and_numbers_are_not_categories() -> None:
    form = DossierBatch.from_documents([make_applicant()]).tables["application"]
    with pytest.raises(TypeError, match="NAME_CONTRACT_TYPE holds words"):
        form["NAME_CONTRACT_TYPE"]
    with pytest.raises(TypeError, match="AMT_CREDIT holds numbers"):
        form.get_categorical("AMT_CREDIT")
    with pytest.raises(TypeError, match="holds words"):
        form.flag_sentinel("NAME_CONTRACT_TYPE", 1)


def test_an_unknown_category_equals_no_category() -> None:
    words = CategoricalColumn.from_values(["Active", None, "XNA"], frozenset({"XNA"}))
    assert (words == "Active").tolist() == [True, False, False]
    assert (words == "XNA").tolist() == [False, False, False]
    assert (words == "never seen").tolist() == [False, False, False]
    assert words.isin(("Active", "XNA", "never seen")).tolist() == [True, False, False]
    assert words.known.tolist() == [True, False, False]


def test_a_history_can_be_masked_for_some_dossiers_only() -> None:
    people = [
        make_applicant_with_history(bureau=[{}, {}]),
        make_applicant_with_history(bureau=[{}]),
    ]
    complete = DossierBatch.from_documents(people)
    hidden = complete.mask_history("bureau", np.array([True, False]))
    assert hidden.tables["bureau"].owner.tolist() == [1]
    assert hidden.tables["bureau"].known.tolist() == [False, True]
    assert len(complete.tables["bureau"]) == 3
    for name in HISTORIES.keys() - {"bureau"}:
        assert hidden.tables[name] is complete.tables[name]


def test_a_subset_of_columns_can_be_selected() -> None:
    columns = dict.fromkeys(HISTORIES, ()) | {"application": ("AMT_CREDIT",)}
    taken = DossierBatch.from_documents([make_applicant()], columns)
    assert list(taken.tables["application"].columns_by_name) == ["AMT_CREDIT"]
    assert len(taken.tables["bureau"]) == 5


def test_large_sets_of_categories_are_not_cached() -> None:
    stored = _cached_lookup.cache_info().currsize
    values_list = CategoricalColumn.from_values(
        [f"word {number}" for number in range(MAX_CACHED_CATEGORIES + 1)], frozenset()
    )
    assert values_list.flag_values(("word 7",)).tolist() == [0.0] * 7 + [1.0] + [0.0] * (
        MAX_CACHED_CATEGORIES - 7
    )
    assert _cached_lookup.cache_info().currsize == stored
