from __future__ import annotations

from training.cli.summary import build_comparison_table
from training.evaluation.paired_bootstrap import Difference
from training.experiments.comparison import Comparison
from training.experiments.leaderboard import LeaderboardRow
from training.metrics.bootstrap import Interval


def make_row(model: str, auc: float, *, stored_clients: int = 0) -> LeaderboardRow:
    difference = Difference(value=auc, interval=Interval(auc - 0.01, auc + 0.01))
    return LeaderboardRow(
        model=model, tuned=False, balance="plain", parameters={}, before={},
        after={"brier": 0.07, "business_score": 0.6}, auc=difference, over_served=difference,
        fit_seconds=1.0, latency_ms=0.1, stored_clients=stored_clients,
    )  # fmt: skip


def make_comparison(*rows: LeaderboardRow) -> Comparison:
    return Comparison(clients=900, features=3, folds=2, seed=0, rows=rows)


def test_the_leaderboard_begins_with_the_highest_auc() -> None:
    table = build_comparison_table(make_comparison(make_row("b", 0.6), make_row("a", 0.7)))
    assert list(table.columns[0].cells) == ["a", "b"]
    assert table.caption is None


def test_the_leaderboard_warns_of_a_model_that_stores_clients() -> None:
    table = build_comparison_table(
        make_comparison(make_row("a", 0.7), make_row("b", 0.6, stored_clients=900))
    )
    assert str(table.caption).startswith("b: the file of the model would contain the rows of 900")
