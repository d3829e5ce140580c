"""The command line in this process: arguments in, exit code and both outputs out."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from twin2multicloud.app.cli.main import run

DAY = date(2026, 12, 1)


@dataclass(frozen=True)
class Outcome:
    """What one run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as strict JSON: no NaN, no repeated key."""
        return json.loads(self.out, parse_constant=_refuse, object_pairs_hook=_distinct)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]


def _refuse(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs), "a key is repeated"
    return found


def call(
    *arguments: str,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    today: Callable[[], date] = lambda: DAY,
    encoding: str = "utf-8",
) -> Outcome:
    """Run the command line; nothing of the process's own terminal or environment gets in."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    clean = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM")}
    with (
        mock.patch.dict(os.environ, {**clean, **(env or {})}, clear=True),
        mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(arguments, today=today)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode(encoding))
    return Outcome(code, *texts)


@lru_cache
def cached(*arguments: str, width: int | None = None) -> Outcome:
    """`call`, but once per arguments: for commands that only read."""
    return call(*arguments, env={} if width is None else {"COLUMNS": str(width)})


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
