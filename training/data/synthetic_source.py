"""Provide synthetic tables where there is no data, generated once."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from stores.progress import ProgressReporter
from stores.settings import Settings
from training.synthetic.generator import synthesise_tables
from training.synthetic.marker import MARKER_FILE
from training.synthetic.parameters import PARAMETERS_FILE

DEFAULT_SYNTHETIC_CLIENTS = 20_000


def generate_synthetic_tables(
    settings: Settings, clients: int, seed: int, progress: ProgressReporter
) -> Path:
    """Return the folder of synthetic tables of this size and seed; generate them if needed."""
    folder = resolve_synthetic_folder(settings, clients, seed)
    if not (folder / MARKER_FILE).exists():
        with progress.step(f"{clients:,} synthetic clients", clients) as advance:
            synthesise_tables(clients, folder, seed=seed, advance=advance)
    return folder


def resolve_synthetic_folder(settings: Settings, clients: int, seed: int) -> Path:
    """Return the folder of such tables; it changes with the parameters of the generator."""
    version = sha256(PARAMETERS_FILE.read_bytes()).hexdigest()[:8]
    return settings.cache_folder / "synthetic" / f"{clients}-{seed}-{version}"
