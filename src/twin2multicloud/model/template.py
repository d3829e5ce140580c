"""The files that a person starts from: a commented workload, or a commented twin; and the table of fields."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Final

from twin2multicloud.model.fields import NumberField, number_fields
from twin2multicloud.model.scenarios import Scenario, scenario
from twin2multicloud.model.workload import Workload

EXAMPLES: Final = Path(__file__).parent / "twin" / "examples"
"""The built-in twins, one directory each, named like their scenarios."""

DEFAULT_TWIN: Final = "smart-home"
DEFAULT_WORKLOAD: Final = "industrial-facility"

_WIDTH: Final = 100

_HEAD: Final = """\
# A workload: what the devices of a digital twin send and what its people look at.
# Price and place it with:  twin2multicloud optimize FILE --explain
# The values are those of the built-in scenario '{name}'. A field left out has its default.

workload:
"""

_CONSTRAINTS: Final = """
# Which placements you would accept. Remove the '#' in front of a line to use it; all are optional.
# constraints:
#   providers: [aws, azure, gcp]
#   deny_providers: [gcp]
#   regions: {aws: [eu-central-1], azure: [westeurope]}
#   residency: [EU]                 # country codes, or EU, EEA
#   pins: {L3.hot: aws}             # L1 L2 L3.hot L3.cool L3.archive L4 L5: provider, offer, offer@region
#   require: [L1:mqtt]              # feature, or slot:feature
#   managed_only: false
#   deployable_only: false
#   max_clouds: 3
#   egress_policy: list             # list, eu-data-act
"""


def workload_template(values: Scenario | None = None) -> str:
    """A YAML workload file with every field's meaning, unit, range and default as comments.

    It reads back to the workload of `values` (the industrial facility unless given).
    """
    chosen = values or scenario(DEFAULT_WORKLOAD)
    lines: list[str] = []
    for name, field in number_fields(Workload).items():
        lines += [f"  # {line}" for line in textwrap.wrap(field.meaning, _WIDTH - 4)]
        lines += [f"  # {_range(field)}"]
        lines += [f"  {name}: {plain(getattr(chosen.workload, name))}", ""]
    return _HEAD.format(name=chosen.name) + "\n".join(lines) + _CONSTRAINTS


def twin_template(values: Scenario | None = None, file_name: str = "twin.yaml") -> dict[str, str]:
    """A twin's files by their path beside the definition: the commented definition under `file_name`, and its code.

    It is the built-in twin of the scenario (the smart home unless given).
    """
    directory = EXAMPLES / (values.name if values else DEFAULT_TWIN)
    definition = (directory / "twin.yaml").read_text("utf-8")
    files = {file_name: definition.replace(" twin.yaml", f" {file_name}")}
    for file in sorted((directory / "processors").glob("*.py")):
        files[f"processors/{file.name}"] = file.read_text("utf-8")
    return files


def field_table() -> str:
    """The workload's fields as a Markdown table: field, unit, default, allowed, meaning."""
    rows = ["| field | unit | default | allowed | meaning |", "|---|---|---|---|---|"]
    for name, field in number_fields(Workload).items():
        default = "required" if field.default is None else plain(field.default)
        rows.append(f"| `{name}` | {field.unit} | {default} | {field.allowed} | {field.meaning} |")
    return "\n".join(rows) + "\n"


def plain(value: float) -> str:
    """A number without thousands separators, as all formats write it; reads back exactly."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def _range(field: NumberField) -> str:
    default = "required" if field.default is None else f"default {plain(field.default)}"
    return f"{field.unit} · {field.allowed} · {default}"
