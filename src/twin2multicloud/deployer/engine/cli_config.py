"""The configuration of Terraform's command line: ours, never the person's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path


def write_cli_config(file: Path, plugin_cache: Path, mirrors: Sequence[Path] = ()) -> Path:
    """Write the file that `TF_CLI_CONFIG_FILE` names. Providers that a mirror has come from there, the rest from their
    registry, each once per machine.
    """
    plugin_cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The lock file of a work directory is for this machine only, so that the cache may fill it.
    lines = [
        "disable_checkpoint = true",
        f"plugin_cache_dir = {json.dumps(str(plugin_cache))}",
        "plugin_cache_may_break_dependency_lock_file = true",
    ]
    if mirrors:
        found = [f"  filesystem_mirror {{\n    path = {json.dumps(str(mirror))}\n  }}" for mirror in mirrors]
        lines += ["provider_installation {", *found, "  direct {}", "}"]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = "\n".join(lines) + "\n"
    if not file.exists() or file.read_text() != content:
        file.write_text(content)
    return file
