"""`python program.py LEDGER STAGE`: a stage's program, which writes into a ledger what happens to it.

What it is to do comes in by standard input: `seconds` of work, `exit` code, `deaf` to interrupts, `says` on its output.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    ledger, stage = Path(sys.argv[1]), sys.argv[2]
    wish = json.load(sys.stdin)
    if wish.get("deaf"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for earlier in begun(ledger, stage):
        if alive(earlier):
            note(ledger, "overlap", stage)
    if any(line.split()[:2] == ["end", stage] for line in ledger.read_text().splitlines()):
        note(ledger, "again", stage)
        return int(wish.get("exit", 0))
    note(ledger, "begin", stage)
    try:
        if wish.get("leaves"):
            left = subprocess.Popen(["sleep", "60"])
            note(ledger, f"left:{left.pid}", stage)
        print(wish.get("says", ""), flush=True)
        time.sleep(wish.get("seconds", 0))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        time.sleep(wish.get("ending", 0))
        note(ledger, "interrupted", stage)
        return 130
    note(ledger, "end", stage)
    return int(wish.get("exit", 0))


def note(ledger: Path, word: str, stage: str) -> None:
    with ledger.open("a") as lines:
        lines.write(f"{word} {stage} {os.getpid()} {time.time()}\n")


def begun(ledger: Path, stage: str) -> list[int]:
    lines = [line.split() for line in ledger.read_text().splitlines()]
    return [int(line[2]) for line in lines if line[:2] == ["begin", stage]]


def alive(process: int) -> bool:
    """Whether the process lives; a dead one that nobody has reaped yet does not."""
    try:
        os.kill(process, 0)
        stat = Path(f"/proc/{process}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False


if __name__ == "__main__":
    sys.exit(main())
