"""User code: found beside the definition only, looked at without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.conftest import findings, problem, put, read
from twin2multicloud.model.twin.compile import compile_twin, processor_sources

GOOD = "def process(reading, device):\n    return reading\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A twin's directory with code, and something outside of it."""
    inside = tmp_path / "twin"
    (inside / "processors").mkdir(parents=True)
    (inside / "processors" / "good.py").write_text(GOOD)
    (inside / "processors" / "act.py").write_text("def act(alert): ...\n")
    (tmp_path / "outside.py").write_text(GOOD)
    (inside / "link.py").symlink_to(tmp_path / "outside.py")
    return inside


PROCESSOR = ("device_types", "valve", "processor")


def test_code_is_read_once_and_named_by_its_file(directory: Path) -> None:
    def change(document: dict) -> None:  # type: ignore[type-arg]
        document["device_types"]["valve"]["processor"] = "processors/good.py"
        document["device_types"]["sensor"]["processor"] = "processors/good.py"
        document["rules"][0]["actions"] = [{"function": "processors/act.py"}]

    twin = read(change, directory)
    assert processor_sources(twin) == {"good": GOOD, "act": "def act(alert): ...\n"}
    spec = compile_twin(twin)
    assert [kind.processor for kind in spec.device_types] == ["good", "good"]
    assert spec.rules[0].actions[0].name == "act"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "source",
    [
        GOOD,
        "def process(reading, device, /): ...",
        "def process(*args): ...",
        "def process(a, b, c=1): ...",
        "def process(reading, *rest, flag=True): ...",
        "import nothing_of_the_kind\n" + GOOD,
        "raise SystemExit\n" + GOOD,  # never run here
    ],
)
def test_signatures_that_fit(directory: Path, source: str) -> None:
    (directory / "processors" / "good.py").write_text(source)
    assert read(put(*PROCESSOR, value="processors/good.py"), directory).modules == {"good": source}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "defines no function process; write def process(reading, device):"),
        ("def proces(reading, device): ...", "(it has proces)"),
        ("def process(reading): ...", "in line 1 does not take 2 arguments"),
        ("\n\ndef process(a, b, c): ...", "in line 3 does not take 2 arguments"),
        ("def process(a, b, *, c): ...", "does not take 2 arguments"),
        ("async def process(reading, device): ...", "is async"),
        ("def process(reading, device)\n", "is not valid Python: line 1"),
        ("class process: ...", "defines no function process"),
        ("x = 1\0", "is not valid Python"),
        ("(" * 5000, "is not valid Python"),
        ("x" * 300_000, "is larger than 256 KiB"),
    ],
)
def test_signatures_that_do_not(directory: Path, source: str, says: str) -> None:
    (directory / "processors" / "good.py").write_text(source)
    field, text = problem(put(*PROCESSOR, value="processors/good.py"), directory)
    assert field == "device_types.valve.processor"
    assert says in text


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("processors/god.py", "does not exist; did you mean 'good.py'?"),
        ("processor/good.py", "does not exist; nor does its directory"),
        ("../outside.py", "not a path within the definition's directory"),
        ("/etc/passwd.py", "not a path within the definition's directory"),
        ("link.py", "leads out of the definition's directory"),
        ("processors\\good.py", "cannot be a module"),
        ("C:\\x/good.py", "use names and / only"),
        ("processors", "is not a Python file"),
        ("processors/go-od.py", "cannot be a module"),
        ("processors/bad.py", "is not UTF-8 text"),
        ("processors/dir.py", "does not exist"),
    ],
)
def test_paths_that_lead_elsewhere(directory: Path, path: str, says: str) -> None:
    (directory / "processors" / "bad.py").write_bytes(b"\xff\xfe")
    (directory / "processors" / "dir.py").mkdir()
    assert says in problem(put(*PROCESSOR, value=path), directory)[1]


def test_without_a_directory_no_file_can_be_named() -> None:
    assert "read a file" in problem(put(*PROCESSOR, value="processors/good.py"))[1]


def test_modules_have_names_of_their_own(directory: Path) -> None:
    (directory / "good.py").write_text(GOOD)

    def change(document: dict) -> None:  # type: ignore[type-arg]
        document["device_types"]["valve"]["processor"] = "processors/good.py"
        document["device_types"]["sensor"]["processor"] = "good.py"

    assert "becomes the same module" in next(iter(findings(change, directory).values())).problem
