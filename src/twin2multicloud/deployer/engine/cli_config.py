"""The configuration of Terraform's command line: ours, never the person's."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path


def write_cli_config(file: Path, plugin_cache: Path, mirrors: Sequence[Path] = ()) -> Path:
    """Write the file that `TF_CLI_CONFIG_FILE` names. Providers that a mirror has come from there, the rest from their
    registry, each once per machine.
    """
    plugin_cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        "disable_checkpoint = true",
        f"plugin_cache_dir = {json.dumps(str(plugin_cache))}",
        # The lock file of a work directory is for this machine only, so that the cache may fill it.
        "plugin_cache_may_break_dependency_lock_file = true",
    ]
    if mirrors:
        found = sorted({provider for mirror in mirrors for provider in _providers_in(mirror)})
        sources = [
            f"  filesystem_mirror {{\n    path = {json.dumps(str(mirror.absolute()))}\n  }}" for mirror in mirrors
        ]
        # Terraform asks every source that may have a provider, and fails if one of them cannot be reached.
        lines += ["provider_installation {", *sources, f"  direct {{\n    exclude = {json.dumps(found)}\n  }}", "}"]
    content = "\n".join(lines) + "\n"
    if not file.exists() or file.read_text() != content:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Replaced at once: another process may be reading it.
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        fresh.write_text(content)
        fresh.replace(file)
    return file


def _providers_in(mirror: Path) -> list[str]:
    """The addresses of the providers in a mirror, which lie in host/namespace/type."""
    return [str(entry.relative_to(mirror)) for entry in mirror.glob("*/*/*") if entry.is_dir()]
