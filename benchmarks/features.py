"""python -m benchmarks.features: how long the features of a dossier take, and those of everybody.

1. From JSON to the matrix, one dossier and sixteen together, step by step.
2. Features that Polars, DuckDB and pandas can say alike, from the same parsed dossiers.
3. With --full: files of raw tables to the matrix, with the memory that each stage needs; with
   --train, a training on those clients who are labelled, from the tables to the registry.

1 and 2 are processor time, all threads of the process, interleaved round by round: trust the
ratios. The clients are synthetic, drawn once and kept under CREDIT_HOME/cache.
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
from benchmarks.fullsize import Stage, measure
from benchmarks.translations import ENGINES, Engine, History, histories
from credit.contract.request import read_request
from credit.dossier import Document, Dossiers, Floats
from credit.features import CATALOGUE, COLUMNS, Categories, Matrix, build, words_of
from loadtests.material import dossiers
from stores.cli import Steps
from stores.settings import settings

TOGETHER = (1, 16)
STEPS = ("parse", "columns", "features", "in all", "checked parse")
TOLERANCE = 1e-5
"""Relative; the matrix is float32."""

app = typer.Typer(add_completion=False)


def online(lines: Sequence[bytes], categories: Categories, together: int) -> Floats:
    """Milliseconds of processor time a dossier: shape (batches, steps)."""
    batches = [
        lines[start : start + together] for start in range(0, len(lines) - together + 1, together)
    ]
    spent = []
    for batch in batches:
        ticks = [time.process_time()]
        documents = [orjson.loads(line) for line in batch]
        ticks.append(time.process_time())
        rows = Dossiers.of(documents, COLUMNS)
        ticks.append(time.process_time())
        build(rows, categories)
        ticks.append(time.process_time())
        spent.append([*np.diff(ticks), ticks[-1] - ticks[0]])
    checked = [checking(batch) for batch in batches]
    return np.column_stack([spent, checked]) * 1e3 / together


def checking(lines: Sequence[bytes]) -> float:
    """Seconds to read the same as requests from outside, of which every cell is checked."""
    requests = [b'{"dossier":' + line + b"}" for line in lines]
    began = time.process_time()
    for request in requests:
        read_request(request)
    return time.process_time() - began


def told_online(spent: Mapping[int, Floats]) -> Table:
    """Of milliseconds of shape (turns, batches, steps), by dossiers together."""
    table = Table("dossiers together", "", *STEPS, title=f"{len(CATALOGUE)} features: CPU ms each")
    for together, cells in spent.items():
        told = {
            "p50": np.median(cells, axis=(0, 1)),
            "p99": np.quantile(cells, 0.99, axis=(0, 1)),
            "p50, each batch in its best turn": np.median(cells.min(axis=0), axis=0),
        }
        for name, row in told.items():
            table.add_row(str(together), name, *(f"{cell:.2f}" for cell in row))
    return table


def ours(categories: Categories) -> Callable[[Sequence[Document]], Matrix]:
    def compute(documents: Sequence[Document]) -> Matrix:
        return build(Dossiers.of(documents, COLUMNS), categories)

    return compute


def agree(
    documents: Sequence[Document], matrix: Matrix, engines: Mapping[str, Engine], names: list[str]
) -> None:
    """See that every engine says what we do.

    Raises:
        AssertionError: it does not.
    """
    catalogue = list(CATALOGUE)
    mine = matrix[:, [catalogue.index(name) for name in names]]
    for engine, compute in engines.items():
        theirs = compute(documents)
        np.testing.assert_allclose(
            theirs, mine, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True, err_msg=engine
        )


def compared(
    documents: Sequence[Document],
    contenders: Mapping[str, Callable[[Sequence[Document]], object]],
    rounds: int,
    steps: Steps,
) -> dict[tuple[str, int], list[float]]:
    """CPU milliseconds a dossier of every call, by contender and dossiers together."""
    spent: dict[tuple[str, int], list[float]] = {}
    with steps.step("other engines", rounds * len(TOGETHER)) as advance:
        for turn in range(rounds):
            for together in TOGETHER:
                for name, compute in contenders.items():
                    place = turn % (len(documents) // together) * together
                    some = documents[place : place + together]
                    compute(some)  # each has met these documents once
                    began = time.process_time()
                    compute(some)
                    cpu = (time.process_time() - began) * 1e3 / together
                    spent.setdefault((name, together), []).append(cpu)
                advance(1)
    return spent


def told_compared(
    spent: Mapping[tuple[str, int], list[float]], translated: Sequence[History]
) -> Table:
    count = sum(len(history.features) for history in translated)
    table = Table("", "features", *(f"{n} together: ms each, ratio" for n in TOGETHER))
    for name in dict.fromkeys(name for name, _ in spent):
        features = len(CATALOGUE) if name == "ours" else count
        cells = []
        for together in TOGETHER:
            mine, theirs = (np.median(spent[who, together]) for who in ("ours", name))
            cells.append(f"{theirs:.2f}  {theirs / mine:.1f}x")
        table.add_row(name, str(features), *cells)
    return table


def told_stages(stages: Sequence[Stage]) -> Table:
    table = Table("stage", "wall s", "CPU s", "peak GB")
    for stage in stages:
        table.add_row(
            stage.name, f"{stage.wall:.0f}", f"{stage.cpu:.0f}", f"{stage.peak / 1e9:.1f}"
        )
    return table


@app.command()
def features(
    rounds: Annotated[int, typer.Option(min=1, help="Turns of everything.")] = 20,
    clients: Annotated[int, typer.Option(min=16, help="Dossiers of a turn online.")] = 256,
    full: Annotated[
        int, typer.Option(min=0, help="Clients of tables to go through; 356255 is full size.")
    ] = 0,
    *,
    train: Annotated[bool, typer.Option("--train", help="Train on the tables of --full.")] = False,
) -> None:
    """Measure how long features take: online, against other engines, and for whole tables."""
    console = Console(width=120)
    steps, where = Steps(console), settings()
    lines = sent_once(dossiers(where, steps), clients)
    documents = [orjson.loads(line) for line in lines]
    categories = Categories.fit(words_of(Dossiers.of(documents)))
    spent: dict[int, list[Floats]] = {together: [] for together in TOGETHER}
    with steps.step("online", rounds) as advance:
        for turn in range(rounds + 1):
            for together, told in spent.items():
                cells = online(lines, categories, together)
                if turn:  # the first is for the caches
                    told.append(cells)
            advance(1)
    console.print(told_online({n: np.array(told) for n, told in spent.items()}))
    translated = histories()
    engines = {name: make(translated) for name, make in ENGINES.items()}
    names = [feature.name for history in translated for feature in history.features]
    mine = ours(categories)
    agree(documents, mine(documents), engines, names)
    steps.say(f"{len(names)} features are the same in every engine")
    console.print(
        told_compared(compared(documents, {"ours": mine, **engines}, rounds, steps), translated)
    )
    if full:
        folder = where.cache / "features"
        stages = measure(full, folder, steps)
        if train:
            stages += fullsize.train(full, folder, steps)
        console.print(told_stages(stages))


def sent_once(path: Path, count: int) -> list[bytes]:
    """The first dossiers of a file with one on every line."""
    return path.read_bytes().splitlines()[:count]


if __name__ == "__main__":
    app()
