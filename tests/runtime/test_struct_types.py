"""Structs that many threads read into at once, for the first time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import msgspec

from twin2multicloud.runtime.struct_types import prepare_structs

if TYPE_CHECKING:
    from decimal import Decimal

AT_ONCE = """
    import sys, threading
    import msgspec
    from twin2multicloud.runtime.struct_types import prepare_structs

    sys.setswitchinterval(1e-6)
    for number in range(150):
        inner = msgspec.defstruct("Inner", [("a", int), ("b", str), ("c", "list[int]", [])])
        outer = msgspec.defstruct("Outer", [("inner", inner), *((f"f{n}", "int | None", None) for n in range(20))])
        prepare_structs()
        ready = threading.Barrier(6)

        def read():
            ready.wait()
            assert msgspec.convert({"f19": 2, "inner": {"a": 1, "b": "x"}}, outer).f19 == 2

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print("whole")
"""


class Unknown(msgspec.Struct):
    """One that names a type that is not there when the program runs."""

    amount: Decimal


def test_a_process_survives_that_many_threads_begin_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(AT_ONCE)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "whole\n"), done.stderr


def test_what_cannot_be_read_into_is_left_out() -> None:
    before = prepare_structs()
    known = msgspec.defstruct("Known", [("a", int)])
    assert prepare_structs() == before + 1
    assert msgspec.convert({"a": 1}, known) == known(a=1)
