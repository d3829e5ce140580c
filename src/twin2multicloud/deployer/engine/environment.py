"""What a run's process is told, and nothing else of what this process knows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ALLOWED: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
)
"""What is handed on of the environment: where programs, the network and certificates are. Everything else may hold
somebody's credentials, for instance those of a cloud that the stack has nothing to do with."""


def run_environment(
    home: Path,
    temporary: Path,
    cli_config: Path,
    *extra: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment of a run, in a private home. `extra` is what the run is given on purpose; later ones count.

    Providers make sockets in `temporary`, whose paths have about 100 characters at most: it must be short.
    """
    handed_on = {name: environ[name] for name in ALLOWED if name in environ}
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "TF_CLI_CONFIG_FILE": str(cli_config),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
    }
    merged = handed_on | ours
    for given in extra:
        merged |= given
    return merged
