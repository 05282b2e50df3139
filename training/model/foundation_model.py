"""A tabular foundation model as an offline ceiling: TabICL with weights of a local folder.

folder ──► one file of weights ──► challenger that is never trained and never served

The fitted model contains the rows of its training clients (its context), so its file is personal
data. Source: Qu et al., *TabICLv2* (2026), https://github.com/soda-inria/tabicl.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from credit.errors import Fault, InvalidInput
from training.model.challengers import Challenger

PACKAGE = "tabicl"
"""Optional package; it brings PyTorch, so it is in no list of requirements."""

WEIGHTS_PATTERN = "tabicl-classifier-*.ckpt"

MIN_WEIGHTS_BYTES = 1_000_000
"""A smaller file is a pointer to weights that were not downloaded."""

OFFLINE_ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""Keeps the package's download library from the network."""


class UnusableFoundationModel(InvalidInput):
    """The optional package is not installed, or the folder has no weights."""

    code = "unusable-foundation-model"
    subject = "foundation model"


def make_foundation_challenger(folder: Path) -> Challenger:
    """Return a challenger that predicts with the weights of a folder, without the network.

    Args:
        folder: Folder with exactly one file of TabICL's classifier weights.

    Raises:
        UnusableFoundationModel: The package is not installed, or the folder does not have exactly
            one file of weights; the error lists every fault.
    """
    weights = [
        path
        for path in sorted(folder.glob(WEIGHTS_PATTERN))
        if path.stat().st_size >= MIN_WEIGHTS_BYTES
    ]
    faults = []
    if find_spec(PACKAGE) is None:
        faults.append(
            Fault("--foundation-model", f"no package {PACKAGE}", f"pip install {PACKAGE}")
        )
    if len(weights) != 1:
        expected = f"one file {WEIGHTS_PATTERN} of at least {MIN_WEIGHTS_BYTES:,} bytes"
        faults.append(Fault(str(folder), [path.name for path in weights], expected))
    if faults:
        raise UnusableFoundationModel(faults)
    return Challenger(
        name=f"{PACKAGE} ({weights[0].stem}), offline only",
        build_model=lambda seed: _build_classifier(weights[0], seed),
        build_weight_parameters=lambda _: {},
        stores_clients=True,
    )


def _build_classifier(weights: Path, seed: int) -> Any:
    os.environ.update(OFFLINE_ENVIRONMENT)
    # The package is optional, and reads the environment when it is imported.
    return import_module(PACKAGE).TabICLClassifier(
        model_path=weights,
        allow_auto_download=False,
        kv_cache="repr",  # otherwise every prediction encodes all training clients again
        random_state=seed,
    )
