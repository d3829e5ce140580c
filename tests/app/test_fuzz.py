"""Whatever is sent to any endpoint, the answer is one that the API's description tells of, and never a defect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.backends import site
from tests.app.fuzzing import UNLIMITED, Fuzzer


@pytest.mark.slow
def test_every_answer_is_one_that_is_described(sqlite_file: str, tmp_path: Path) -> None:
    with site(tmp_path / "data", sqlite_file, limits=UNLIMITED) as made:
        fuzzer = Fuzzer(made)
        operations = fuzzer.operations()
        for operation in operations.values():
            fuzzer.ask(operation, 10)
