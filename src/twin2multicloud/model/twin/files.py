"""The files a definition names: found in its directory only, bounded, read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from pathlib import PurePosixPath

from twin2multicloud.model.names import nearest, shown
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.twin.modules import (
    ACT,
    MAX_MODULE_BYTES,
    MAX_MODULES,
    PROCESS,
    module_name,
    name_problem,
    source_problem,
)
from twin2multicloud.model.twin.parts import Parts, Problem


class FileError(ValueError):
    """A file cannot be used; the message says why and what to do."""


class Files:
    """Reads what a definition names, from its `directory`; without one (standard input) nothing can be read."""

    def __init__(self, directory: FilePath | None) -> None:
        self._directory = directory

    def text(self, path: str, limit: int) -> str:
        """A file's text; `FileError` for a path outside the directory, a missing, large or binary file."""
        if self._directory is None:
            raise FileError(f"{shown(path)} is a file beside the definition, which has no directory here; read a file")
        pure = PurePosixPath(path)
        if not path or "\\" in path or "\0" in path or pure.is_absolute() or ".." in pure.parts:
            raise FileError(f"{shown(path)} is not a path within the definition's directory; use names and / only")
        root = self._directory.resolve()
        file = root / pure
        try:
            if not file.resolve().is_relative_to(root):
                raise FileError(f"{shown(path)} leads out of the definition's directory; put the file into it")
            if not file.is_file():
                raise FileError(f"{shown(path)} does not exist{self._hint(file)}")
            with file.open("rb") as stream:
                content = stream.read(limit + 1)
        except OSError as error:
            raise FileError(f"{shown(path)} cannot be read: {error.strerror or error}") from error
        if len(content) > limit:
            raise FileError(f"{shown(path)} is larger than {limit // 1024} KiB")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FileError(f"{shown(path)} is not UTF-8 text") from error

    def modules(self, parts: Parts) -> Iterator[Problem]:
        """Read the user code that types and rules name into `parts.modules`; what is wrong with it."""
        paths: dict[str, str] = {}
        for place, path, (function, parameters) in _named_code(parts):
            problem = name_problem(path)
            if problem is None:
                # Azure Functions and two of the three desktop file systems ignore case.
                other = paths.setdefault(module_name(path).casefold(), path)
                if other != path:
                    problem = f"{shown(path)} becomes the same module as {shown(other)}; rename one of them"
            if problem is None and len(paths) > MAX_MODULES:
                problem = f"is one file of more than {MAX_MODULES}; let several types share a file"
            if problem is None:
                try:
                    source = parts.modules.get(module_name(path)) or self.text(path, MAX_MODULE_BYTES)
                except FileError as error:
                    problem = str(error)
                else:
                    parts.modules[module_name(path)] = source
                    wrong = source_problem(source, function, parameters)
                    problem = None if wrong is None else f"{shown(path)} {wrong}"
            if problem is not None:
                yield Problem(place, problem)

    def _hint(self, file: FilePath) -> str:
        try:
            beside = [entry.name for _, entry in zip(range(500), file.parent.iterdir(), strict=False)]
        except OSError:
            return f"; nor does its directory {shown(file.parent.name)}"
        guess = nearest(file.name, beside)
        return f"; did you mean {shown(guess)}?" if guess else ""


class GivenFiles(Files):
    """Files that came along with a definition, as path → text, and are on no disk."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(None)
        self._texts = texts

    def text(self, path: str, limit: int) -> str:
        """As `Files.text`."""
        if path not in self._texts:
            guess = nearest(path, list(self._texts))
            raise FileError(f"{shown(path)} was not given{f'; did you mean {shown(guess)}?' if guess else ''}")
        text = self._texts[path]
        if len(text.encode()) > limit:
            raise FileError(f"{shown(path)} is larger than {limit // 1024} KiB")
        return text


def _named_code(parts: Parts) -> Iterator[tuple[Path, str, tuple[str, tuple[str, ...]]]]:
    for name, kind in parts.device_types.good.items():
        if kind.processor is not None:
            yield ("device_types", name, "processor"), kind.processor, PROCESS
    for index, rule in parts.rules.good:
        for number, action in enumerate(rule.actions):
            if action.function is not None:
                yield ("rules", index, "actions", number, "function"), action.function, ACT
