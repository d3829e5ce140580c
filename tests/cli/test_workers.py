"""Chunks shared among processes: order, errors, and a process that dies."""

from __future__ import annotations

import subprocess
import sys
import textwrap

from twin2multicloud.app.cli.workers import in_order


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own: a test runner's threads would keep `in_order` from forking."""
    head = "import os, time\nfrom twin2multicloud.app.cli.workers import in_order\n"
    command = [sys.executable, "-c", head + textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_answers_come_in_the_order_of_the_chunks_from_several_processes() -> None:
    done = run(
        """
        def work(n):
            time.sleep(0.02 * (n % 3))  # later chunks overtake earlier ones
            return n, os.getpid()
        answers = list(in_order(work, range(30), processes=3))
        pids = {pid for _, pid in answers}
        print([n for n, _ in answers] == list(range(30)), len(pids), os.getpid() in pids)
        """
    )
    assert done.stdout.split() == ["True", "3", "False"], done.stderr


def test_large_chunks_and_answers_do_not_block_each_other() -> None:
    done = run("print(sum(len(a) for a in in_order(lambda c: c * 2, ['x' * 400_000] * 8, processes=2)))")
    assert done.stdout.split() == ["6400000"], done.stderr


def test_what_the_work_raises_is_raised_here() -> None:
    done = run(
        """
        def work(n):
            return 1 / (n - 5)
        try:
            list(in_order(work, range(20), processes=2))
        except ZeroDivisionError:
            print("raised")
        """
    )
    assert done.stdout.split() == ["raised"], done.stderr


def test_a_process_that_dies_is_an_error_not_a_hang() -> None:
    done = run(
        """
        def work(n):
            if n == 4:
                os._exit(9)
            return n
        try:
            list(in_order(work, range(20), processes=2))
        except RuntimeError as error:
            print(error)
        """
    )
    assert "ended unexpectedly" in done.stdout, done.stderr


def test_one_chunk_needs_no_second_process() -> None:
    assert list(in_order(lambda n: n + 1, [41], processes=4)) == [42]
    assert list(in_order(lambda n: n + 1, [], processes=4)) == []
