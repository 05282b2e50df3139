"""Combine bagged boosters into one LightGBM model that averages their log-odds.

header of the first model ──┐
trees of the first model ───┤
trees of the next models ───┼─► one model text, every leaf divided by the number of models
parameters of the first ────┘

The result is an ordinary LightGBM model, so `predict`, `pred_contrib` and calibration stay exact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import lightgbm as lgb

_TREE_HEADER = re.compile(r"^Tree=\d+$", re.MULTILINE)
_END_OF_TREES = "end of trees"


def average_boosters(boosters: Sequence[lgb.Booster]) -> lgb.Booster:
    """Return one booster that predicts the mean log-odds of the given boosters.

    The sum of all trees, divided by the number of boosters, is the mean. LightGBM has no function
    to merge models, so this edits its text format: trees are renumbered and their sizes updated.

    Args:
        boosters: At least one booster with at least one tree, all fitted on the same columns.
    """
    texts = [booster.model_to_string() for booster in boosters]
    trees = [tree for text in texts for tree in _split_trees(text)]
    numbered_trees = [f"Tree={number}{tree}" for number, tree in enumerate(trees)]
    header = texts[0][: _TREE_HEADER.search(texts[0]).start()]  # type: ignore[union-attr] # has trees
    sizes = " ".join(str(len(tree.encode())) for tree in numbered_trees)
    header = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", header, flags=re.MULTILINE)
    footer = texts[0][texts[0].index(_END_OF_TREES) :]
    return scale_leaves(
        lgb.Booster(model_str=header + "".join(numbered_trees) + footer), 1 / len(boosters)
    )


def scale_leaves(booster: lgb.Booster, factor: float, *, shift: float = 0.0) -> lgb.Booster:
    """Return a copy with every leaf multiplied by `factor` and `shift` added to the first tree."""
    scaled_booster = lgb.Booster(model_str=booster.model_to_string())
    for tree in scaled_booster.dump_model()["tree_info"]:
        number = tree["tree_index"]
        for leaf in range(tree["num_leaves"]):
            value = factor * scaled_booster.get_leaf_output(number, leaf)
            scaled_booster.set_leaf_output(number, leaf, value + (shift if number == 0 else 0.0))
    return lgb.Booster(model_str=scaled_booster.model_to_string())


def _split_trees(text: str) -> list[str]:
    """Return the text of every tree without its `Tree=` line."""
    body = text[: text.index(_END_OF_TREES)]
    return _TREE_HEADER.split(body)[1:]
