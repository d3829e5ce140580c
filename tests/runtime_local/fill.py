"""A process that writes until its disk is full: `python -m tests.runtime_local.fill STORE DIRECTORY LIMIT`.

LIMIT is the largest file in bytes that the process may write (0 = no limit, the disk is small itself).
Prints how many pieces were acknowledged and what was said about the one that was not.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from tests.runtime_local.places import open_store, write
from twin2multicloud.runtime.failures import StoreError


def main(name: str, directory: str, limit: str) -> None:
    store = open_store(name, Path(directory))
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    for number in range(100_000):
        try:
            write(name, store, number)
        except StoreError as error:
            print(number, error.quota, error)
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
