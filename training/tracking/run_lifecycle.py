"""Keep an MLflow run open for exactly as long as the work that it records.

A run that ends by an error is FAILED. A run that is interrupted, or loses its process, is KILLED.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import mlflow
from mlflow.entities import RunStatus

HOST_TAG, PROCESS_ID_TAG = "host", "process_id"
"""Tags of a run with the machine and the process that write it."""

FAILURE_TAG = "failure"
"""Tag with the class of the error. Messages are left out: they may quote values of clients."""


@contextmanager
def start_tracked_run(experiment_id: str, run_name: str) -> Iterator[str]:
    """Start a run, yield its id, and end it with the status of the block.

    SIGTERM interrupts the block as Ctrl-C does. Runs of this experiment that an earlier process
    left open, because it was killed at once, are ended first.

    Args:
        experiment_id: The experiment of the run.
        run_name: The name that MLflow shows.
    """
    end_abandoned_runs(experiment_id)
    tags = {HOST_TAG: socket.gethostname(), PROCESS_ID_TAG: str(os.getpid())}
    with (
        _interrupt_on_sigterm(),
        mlflow.start_run(experiment_id=experiment_id, run_name=run_name, tags=tags) as run,
    ):
        try:
            yield run.info.run_id
        except BaseException as error:
            mlflow.set_tag(FAILURE_TAG, type(error).__name__)
            is_interrupted = isinstance(error, KeyboardInterrupt | SystemExit)
            status = RunStatus.KILLED if is_interrupted else RunStatus.FAILED
            mlflow.end_run(RunStatus.to_string(status))
            raise


def end_abandoned_runs(experiment_id: str) -> None:
    """Mark open runs of this machine as KILLED if their process is gone."""
    client = mlflow.MlflowClient()
    open_runs = client.search_runs(
        [experiment_id],
        filter_string=f"attributes.status = 'RUNNING' and tags.{HOST_TAG} = "
        f"'{socket.gethostname()}'",
    )
    for run in open_runs:
        if not _is_alive(int(run.data.tags[PROCESS_ID_TAG])):
            client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))


def _is_alive(process_id: int) -> bool:
    # A run of this process is over before the next one starts. A container gives every process
    # the same id, so that an open run with this id belongs to a container that was killed.
    if process_id == os.getpid():
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    """Raise SystemExit in the main thread on SIGTERM, unless a handler is already set."""
    is_main_thread = threading.current_thread() is threading.main_thread()
    if not is_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
