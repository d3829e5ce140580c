"""The command as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def process(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-m", "twin2multicloud"]
    return subprocess.run(
        [sys.executable, *start, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_module_runs() -> None:
    done = process("--help")
    assert done.returncode == 0
    assert "optimize" in done.stdout
    assert done.stderr == ""
    assert process("nonsense").returncode == 2


@pytest.mark.parametrize(
    "arguments", [["--help"], ["optimize", "--help"], ["prices", "explain", "--help"], ["--version"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """Start-up time without a stopwatch: what is slow to import is not imported."""
    code = (
        "import sys; from twin2multicloud.app.cli.main import run; assert run(sys.argv[1:]) == 0; "
        "print([m for m in ('numpy', 'pydantic', 'rich', 'yaml') if m in sys.modules], file=sys.stderr)"
    )
    done = process(*arguments, code=code)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"


def test_optimizing_reads_only_the_parser_it_needs() -> None:
    code = (
        "import sys; from twin2multicloud.app.cli.main import run; "
        "run(['optimize', 'smart-home', '--model', 'edt25']); "
        "run(['prices', 'explain', 'azure.iot-hub.s1']); "
        "print([m for m in ('yaml', 'twin2multicloud.app.report.html', 'httpx2', 'twin2multicloud.app.client') "
        "if m in sys.modules], file=sys.stderr)"
    )
    assert process(code=code).stderr.strip() == "[]"


def test_a_reader_that_leaves_is_no_defect(tmp_path: Path) -> None:
    line = json.dumps({"devices": 100, "message_interval_s": 120, "message_size_bytes": 250})
    batch = tmp_path / "b.jsonl"
    batch.write_text(f"{line}\n" * 6000)
    arguments = [sys.executable, "-m", "twin2multicloud", "optimize", str(batch), "--model", "edt25"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()
    assert running.returncode == 141
    assert said == b""


def test_results_are_the_same_in_another_process() -> None:
    first, second = (process("optimize", "smart-home", "--model", "edt25", "--json") for _ in range(2))
    assert first.returncode == 0
    assert first.stdout == second.stdout
