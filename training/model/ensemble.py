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

_TREE = re.compile(r"^Tree=\d+$", re.MULTILINE)
_END = "end of trees"


def averaged(boosters: Sequence[lgb.Booster]) -> lgb.Booster:
    """The booster whose log-odds are the mean of these boosters' log-odds.

    They must have been fitted on the same columns.
    """
    texts = [booster.model_to_string() for booster in boosters]
    trees = [tree for text in texts for tree in _trees(text)]
    numbered = [f"Tree={number}{tree}" for number, tree in enumerate(trees)]
    header = texts[0][: _TREE.search(texts[0]).start()]  # type: ignore[union-attr] # has trees
    sizes = " ".join(str(len(tree.encode())) for tree in numbered)
    header = re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", header, flags=re.MULTILINE)
    rest = texts[0][texts[0].index(_END) :]
    return scaled(lgb.Booster(model_str=header + "".join(numbered) + rest), 1 / len(boosters))


def scaled(booster: lgb.Booster, factor: float, *, shift: float = 0.0) -> lgb.Booster:
    """The same trees with every leaf times a factor, and a shift on those of the first tree."""
    copy = lgb.Booster(model_str=booster.model_to_string())
    for tree in copy.dump_model()["tree_info"]:
        number = tree["tree_index"]
        for leaf in range(tree["num_leaves"]):
            value = factor * copy.get_leaf_output(number, leaf)
            copy.set_leaf_output(number, leaf, value + (shift if number == 0 else 0.0))
    return lgb.Booster(model_str=copy.model_to_string())


def _trees(text: str) -> list[str]:
    """The text of every tree, after its number."""
    body = text[: text.index(_END)]
    return _TREE.split(body)[1:]
