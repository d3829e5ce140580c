"""The formats of a workload file, and telling them apart."""

from __future__ import annotations

from typing import Literal

from twin2multicloud.model.parsing import Parsed

Format = Literal["yaml", "json", "toml"]


def sniff(text: str) -> Format:
    """The format that a text without a file name is most likely in, by its first line of content."""
    from twin2multicloud.model.toml_text import looks_like_toml

    for line in text.split("\n"):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        if looks_like_toml(content):
            return "toml"
        return "json" if content[0] in "{[" else "yaml"
    return "yaml"


def parse(text: str, form: Format, source: str) -> Parsed:
    """The raw value of a document. Raises `InvalidInputError` with line and column where it cannot be read."""
    # Imported on demand: each format has a parser of its own to load.
    if form == "json":
        from twin2multicloud.model.json_text import parse_json

        return parse_json(text, source)
    if form == "toml":
        from twin2multicloud.model.toml_text import parse_toml

        return parse_toml(text, source)
    from twin2multicloud.model.yaml_text import parse_yaml

    return parse_yaml(text, source)
