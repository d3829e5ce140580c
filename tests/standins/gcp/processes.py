"""Google's emulators and the Cloud Storage one as child processes on free loopback ports."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.standins.ports import free_port, listens

ROOT = Path(__file__).parents[3]
PROJECT = "t2m-test"
"""The project that tests use; an emulator makes it when it is named."""
_START_S = 60.0


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    ready: Callable[[], bool],
    directory: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A child process that is up when entered and gone, with all it started, when left. Its output is in a file."""
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + _START_S
            while not ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{name} did not start:\n{log.read_text(errors='replace')[-4000:]}")
                time.sleep(0.05)
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process group that `running` started."""
    for sign, patience_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        try:
            process.wait(patience_s)
            return
        except subprocess.TimeoutExpired:
            continue


def _platform() -> Path:
    """The folder of Google's emulators, wherever its command line tools are."""
    homes = [Path(os.environ["CLOUDSDK_ROOT_DIR"])] if "CLOUDSDK_ROOT_DIR" in os.environ else []
    gcloud = shutil.which("gcloud")
    if gcloud is not None:
        homes.append(Path(gcloud).resolve().parents[1])
    homes += [Path("/usr/lib/google-cloud-sdk"), Path("/opt/google-cloud-sdk"), Path.home() / "google-cloud-sdk"]
    for home in homes:
        if (home / "platform").is_dir():
            return home / "platform"
    pytest.skip("stand-in missing: Google's emulators come with the Google Cloud CLI, which this machine lacks")


def _file(pattern: str, what: str) -> Path:
    found = sorted(_platform().glob(pattern))
    if not found:
        pytest.skip(f"stand-in missing: {what} is no component of this machine's Google Cloud CLI")
    return found[-1]


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        pytest.skip("stand-in missing: Google's emulators need java, which this machine lacks")
    return java


# Small heaps, one collector thread: the emulators are many and the machine is small.
_JVM = ("-XX:+UseSerialGC", "-Xmx512m", "-XX:TieredStopAtLevel=1")


@contextmanager
def pubsub(directory: Path) -> Iterator[str]:
    """Google's Pub/Sub emulator; yields host:port."""
    jar = _file("pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar", "the Pub/Sub emulator")
    port = free_port()
    command: list[str | Path] = [_java(), *_JVM, "-jar", jar, "--host=127.0.0.1", f"--port={port}"]
    with running("pubsub", command, lambda: listens(port), directory):
        yield f"127.0.0.1:{port}"


@contextmanager
def firestore(directory: Path) -> Iterator[str]:
    """Google's Firestore emulator; yields host:port."""
    jar = _file("cloud-firestore-emulator/cloud-firestore-emulator.jar", "the Firestore emulator")
    port = free_port()
    main = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
    command: list[str | Path] = [
        _java(),
        *_JVM,
        "-Duser.language=en",
        "-cp",
        jar,
        main,
        "--host=127.0.0.1",
        f"--port={port}",
    ]
    with running("firestore", command, lambda: listens(port), directory):
        yield f"127.0.0.1:{port}"


@contextmanager
def bigtable(directory: Path) -> Iterator[str]:
    """Google's Bigtable emulator; yields host:port."""
    binary = _file("bigtable-emulator/cbtemulator", "the Bigtable emulator")
    port = free_port()
    with running("bigtable", [binary, "-host", "127.0.0.1", "-port", str(port)], lambda: listens(port), directory):
        yield f"127.0.0.1:{port}"


@contextmanager
def storage(directory: Path) -> Iterator[str]:
    """gcp-storage-emulator with our repairs (`gcs.py`); yields its URL."""
    python = ROOT / ".tools/standins/gcp/bin/python"
    if not python.exists():
        pytest.skip("stand-in missing: gcp-storage-emulator (`scripts/standins-gcp` installs it)")
    port = free_port()
    command: list[str | Path] = [
        python,
        Path(__file__).with_name("gcs.py"),
        "start",
        "--host=127.0.0.1",
        f"--port={port}",
        "--in-memory",
    ]
    with running("storage", command, lambda: listens(port), directory):
        yield f"http://127.0.0.1:{port}"
