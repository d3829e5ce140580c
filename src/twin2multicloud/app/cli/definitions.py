"""A twin's definition on its way to the backend: its text, and the files that it names."""

from __future__ import annotations

from pathlib import Path, PurePath

from twin2multicloud.app.cli.terminal import printable
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.model.documents import SUFFIXES, decoded, read_source
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.formats import parse, sniff
from twin2multicloud.model.names import unknown
from twin2multicloud.model.scenarios import scenario_names
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.model.twin.files import Files
from twin2multicloud.model.twin.reader import twin_of


class _Gathering(Files):
    """Remembers what a definition had read."""

    def __init__(self, directory: Path | None) -> None:
        super().__init__(directory)
        self.texts: dict[str, str] = {}

    def text(self, path: str, limit: int) -> str:
        """As `Files.text`."""
        found = super().text(path, limit)
        self.texts[path] = found
        return found


def given(name: str, note: str = "") -> TwinInput:
    """What is sent of the twin that `name` means: a file, a built-in scenario or - for standard input.

    It is checked here as it will be there, so that findings name the file and its lines; `InvalidInputError` with all.
    """
    path = PurePath(name)
    if name == "-" or path.suffix or len(path.parts) != 1 or name != path.name:
        return _read(name, None if name == "-" else Path(name).parent, note)
    if name not in scenario_names():
        hint = f"{unknown('built-in twin', name, scenario_names())}. A file without a suffix needs its directory"
        raise UsageError(f"{hint}: ./{printable(name)}")
    file = EXAMPLES / name / "twin.yaml"
    return _read(str(file), file.parent, note)


def _read(name: str, directory: Path | None, note: str) -> TwinInput:
    content, source = read_source(name)
    text = decoded(content, source)
    form = SUFFIXES.get(Path(name).suffix.lower()) or sniff(text)
    files = _Gathering(directory)
    twin_of(parse(text, form, source), source, files)
    return TwinInput(source=text, format=form, files=files.texts, note=note)
