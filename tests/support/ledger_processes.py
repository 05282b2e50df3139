"""Open a ledger from several processes at the same time."""

from __future__ import annotations

import subprocess
import sys

OPEN_LEDGER_CODE = """
import sys
from stores.ledger.store import Ledger
print("ready", flush=True)
sys.stdin.readline()
Ledger(sys.argv[1])
"""


def start_process(url: str) -> subprocess.Popen[str]:
    """Start a process that opens a ledger as soon as it reads a line from its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN_LEDGER_CODE, url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def open_concurrently(url: str) -> list[int]:
    """Open a ledger from two processes at the same time, and return their exit codes."""
    pair = [start_process(url), start_process(url)]
    for process in pair:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in pair:
        process.communicate()
    return [process.returncode for process in pair]
