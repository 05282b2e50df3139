"""Several boosters as one: bagged models average in log-odds, and stay one LightGBM text.

header ─┐
trees of the first ─┤
trees of the next ──┼─► one text, every leaf divided by the number of models
parameters ─────────┘

So `predict`, `pred_contrib` and calibration stay exact, and whoever serves the model sees one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import lightgbm as lgb

_TREE_HEADER = re.compile(r"^Tree=\d+$", re.MULTILINE)
_END_OF_TREES = "end of trees"


def average_boosters(boosters: Sequence[lgb.Booster]) -> lgb.Booster:
    """The booster whose log-odds are the mean of these boosters' log-odds.

    They must have been fitted on the same columns.
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
    """The same trees with every leaf times a factor, and a shift on those of the first tree."""
    scaled_booster = lgb.Booster(model_str=booster.model_to_string())
    for tree in scaled_booster.dump_model()["tree_info"]:
        number = tree["tree_index"]
        for leaf in range(tree["num_leaves"]):
            value = factor * scaled_booster.get_leaf_output(number, leaf)
            scaled_booster.set_leaf_output(number, leaf, value + (shift if number == 0 else 0.0))
    return lgb.Booster(model_str=scaled_booster.model_to_string())


def _split_trees(text: str) -> list[str]:
    """The text of every tree, after its number."""
    body = text[: text.index(_END_OF_TREES)]
    return _TREE_HEADER.split(body)[1:]
