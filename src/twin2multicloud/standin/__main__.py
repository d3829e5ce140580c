"""`python -m twin2multicloud.standin`: serve stand-ins to a Terraform in another shell, or be one as its plugin."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.standin import plugin, scenario, serving
from twin2multicloud.standin.mirror import mirror


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m twin2multicloud.standin",
        description="Serve stand-ins for Terraform providers: real schemas, pretended clouds. Prints the environment "
        "variables that make Terraform and OpenTofu use them, and serves until interrupted.",
        epilog=f"{serving.SCHEMAS_VARIABLE} names a directory with other schemas than those shipped, such as the "
        "output of `terraform providers schema -json`, or every type as `scripts/provider-schemas --all DIR` "
        "writes them.",
    )
    parser.add_argument("providers", nargs="*", help=f"of {', '.join(serving.available())} (default: all)")
    parser.add_argument("--world", type=Path, metavar="DIR", help="the directory that plays the clouds")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="what goes slowly and what goes wrong (JSON)")
    parser.add_argument("--mirror", type=Path, metavar="DIR", help="write a plugin mirror there, and serve nothing")
    parser.add_argument("--plugin", metavar="NAME", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say; returns the exit code."""
    given = _arguments(argv)
    try:
        story = scenario.read(given.scenario) if given.scenario else scenario.Scenario()
        if given.plugin:
            plugin.run(serving.build(given.plugin, given.world, story))
        elif given.mirror:
            _print(mirror(given.mirror, given.world, given.scenario, given.providers))
        else:
            stopped = threading.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda _number, _frame: stopped.set())
            with serving.serve(given.world, story, given.providers) as variables:
                _print(variables)
                stopped.wait()
    except Twin2MultiCloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _print(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
