"""Measure how long features take, compared with other engines: `python -m benchmarks.features`.

1. From JSON to the matrix, step by step, for one dossier and for 16 together.
2. Features that Polars, DuckDB and pandas can also compute, from the same parsed dossiers.
3. With --full: from raw table files to the matrix, with the memory of each stage. With --train
   also a training on the labelled clients, from the tables to the registry.

Parts 1 and 2 report processor time of all threads, interleaved by round, so only ratios are
reliable. The clients are synthetic, generated once and cached under CREDIT_HOME/cache.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import orjson
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import fullsize
from benchmarks.fullsize import Stage, measure_stages
from benchmarks.translations import ENGINES, EngineFunction, TranslatedHistory, translate_histories
from credit.contract.request import parse_request
from credit.dossier import Document, DossierBatch, Floats
from credit.features import (
    CATALOGUE,
    COLUMNS,
    CategoryEncoder,
    FittedFeatures,
    Matrix,
    build,
    extract_category_columns,
)
from loadtests.material import prepare_dossier_file
from stores.progress import ProgressReporter
from stores.settings import get_settings

BATCH_SIZES = (1, 16)
STEP_NAMES = ("parse", "columns", "features", "in all", "checked parse")
TOLERANCE = 1e-5
"""Relative tolerance; the matrix is float32."""

app = typer.Typer(add_completion=False)


def measure_online(lines: Sequence[bytes], fitted: FittedFeatures, batch_size: int) -> Floats:
    """Return milliseconds of processor time per dossier, shape (batches, steps)."""
    batches = [
        lines[start : start + batch_size]
        for start in range(0, len(lines) - batch_size + 1, batch_size)
    ]
    times = []
    for batch in batches:
        ticks = [time.process_time()]
        documents = [orjson.loads(line) for line in batch]
        ticks.append(time.process_time())
        rows = DossierBatch.from_documents(documents, COLUMNS)
        ticks.append(time.process_time())
        build(rows, fitted)
        ticks.append(time.process_time())
        times.append([*np.diff(ticks), ticks[-1] - ticks[0]])
    validation_times = [measure_validation(batch) for batch in batches]
    return np.column_stack([times, validation_times]) * 1e3 / batch_size


def measure_validation(lines: Sequence[bytes]) -> float:
    """Return the seconds to parse and validate the same dossiers as external requests."""
    requests = [b'{"dossier":' + line + b"}" for line in lines]
    start = time.process_time()
    for request in requests:
        parse_request(request)
    return time.process_time() - start


def build_online_table(times: Mapping[int, Floats]) -> Table:
    """Build the table from milliseconds of shape (rounds, batches, steps), by batch size."""
    table = Table("batch size", "", *STEP_NAMES, title=f"{len(CATALOGUE)} features: CPU ms each")
    for batch_size, values in times.items():
        statistics = {
            "p50": np.median(values, axis=(0, 1)),
            "p99": np.quantile(values, 0.99, axis=(0, 1)),
            "p50, each batch in its best turn": np.median(values.min(axis=0), axis=0),
        }
        for name, row in statistics.items():
            table.add_row(str(batch_size), name, *(f"{value:.2f}" for value in row))
    return table


def build_own_engine(fitted: FittedFeatures) -> Callable[[Sequence[Document]], Matrix]:
    def compute(documents: Sequence[Document]) -> Matrix:
        return build(DossierBatch.from_documents(documents, COLUMNS), fitted)

    return compute


def check_agreement(
    documents: Sequence[Document],
    matrix: Matrix,
    engines: Mapping[str, EngineFunction],
    names: list[str],
) -> None:
    """Check that every engine gives our results.

    Raises:
        AssertionError: if an engine gives another value.
    """
    catalogue = list(CATALOGUE)
    expected = matrix[:, [catalogue.index(name) for name in names]]
    for engine, compute in engines.items():
        actual = compute(documents)
        np.testing.assert_allclose(
            actual, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True, err_msg=engine
        )


def compare_engines(
    documents: Sequence[Document],
    contenders: Mapping[str, Callable[[Sequence[Document]], object]],
    rounds: int,
    steps: ProgressReporter,
) -> dict[tuple[str, int], list[float]]:
    """Return processor milliseconds per dossier of every call, by engine and batch size."""
    times: dict[tuple[str, int], list[float]] = {}
    with steps.step("other engines", rounds * len(BATCH_SIZES)) as advance:
        for round_index in range(rounds):
            for batch_size in BATCH_SIZES:
                for name, compute in contenders.items():
                    start = round_index % (len(documents) // batch_size) * batch_size
                    batch = documents[start : start + batch_size]
                    compute(batch)  # warm the caches with these documents
                    started_at = time.process_time()
                    compute(batch)
                    cpu = (time.process_time() - started_at) * 1e3 / batch_size
                    times.setdefault((name, batch_size), []).append(cpu)
                advance(1)
    return times


def build_comparison_table(
    times: Mapping[tuple[str, int], list[float]], translated: Sequence[TranslatedHistory]
) -> Table:
    count = sum(len(history.features) for history in translated)
    table = Table("", "features", *(f"batch of {n}: ms each, ratio" for n in BATCH_SIZES))
    for name in dict.fromkeys(name for name, _ in times):
        features = len(CATALOGUE) if name == "ours" else count
        values = []
        for batch_size in BATCH_SIZES:
            own_ms, engine_ms = (np.median(times[engine, batch_size]) for engine in ("ours", name))
            values.append(f"{engine_ms:.2f}  {engine_ms / own_ms:.1f}x")
        table.add_row(name, str(features), *values)
    return table


def build_stage_table(stages: Sequence[Stage]) -> Table:
    table = Table("stage", "wall s", "CPU s", "peak GB")
    for stage in stages:
        table.add_row(
            stage.name, f"{stage.wall:.0f}", f"{stage.cpu:.0f}", f"{stage.peak / 1e9:.1f}"
        )
    return table


def measure_online_rounds(
    lines: Sequence[bytes], fitted: FittedFeatures, rounds: int, steps: ProgressReporter
) -> dict[int, Floats]:
    """Return by batch size the milliseconds, shape (rounds, batches, steps)."""
    times: dict[int, list[Floats]] = {batch_size: [] for batch_size in BATCH_SIZES}
    with steps.step("online", rounds) as advance:
        for round_index in range(rounds + 1):
            for batch_size, samples in times.items():
                sample = measure_online(lines, fitted, batch_size)
                if round_index:  # the first round warms the caches
                    samples.append(sample)
            advance(1)
    return {batch_size: np.array(samples) for batch_size, samples in times.items()}


@app.command()
def features(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each measurement.")] = 20,
    clients: Annotated[int, typer.Option(min=16, help="Dossiers per online round.")] = 256,
    full: Annotated[
        int, typer.Option(min=0, help="Clients in the full tables; the public data has 356255.")
    ] = 0,
    *,
    train: Annotated[
        bool, typer.Option("--train", help="Also train on the tables of --full.")
    ] = False,
) -> None:
    """Measure how long features take: online, against other engines, and for whole tables."""
    console = Console(width=120)
    steps, settings = ProgressReporter(console), get_settings()
    lines = read_first_lines(prepare_dossier_file(settings, steps), clients)
    documents = [orjson.loads(line) for line in lines]
    fitted = FittedFeatures(
        categories=CategoryEncoder.fit(
            extract_category_columns(DossierBatch.from_documents(documents))
        )
    )
    console.print(build_online_table(measure_online_rounds(lines, fitted, rounds, steps)))
    translated = translate_histories()
    engines = {name: make(translated) for name, make in ENGINES.items()}
    names = [feature.name for history in translated for feature in history.features]
    own_engine = build_own_engine(fitted)
    check_agreement(documents, own_engine(documents), engines, names)
    steps.log(f"{len(names)} features have the same values in every engine")
    console.print(
        build_comparison_table(
            compare_engines(documents, {"ours": own_engine, **engines}, rounds, steps), translated
        )
    )
    if full:
        folder = settings.cache_folder / "features"
        stages = measure_stages(full, folder, steps)
        if train:
            stages += fullsize.measure_training(full, folder, steps)
        console.print(build_stage_table(stages))


def read_first_lines(path: Path, count: int) -> list[bytes]:
    """Read the first dossiers of a JSON-lines file."""
    return path.read_bytes().splitlines()[:count]


if __name__ == "__main__":
    app()
