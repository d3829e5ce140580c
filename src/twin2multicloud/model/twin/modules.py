"""User code: Python files beside the definition, read once and looked at without running them."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import Final

from twin2multicloud.model.names import nearest, shown

MAX_MODULE_BYTES: Final = 262_144
MAX_MODULES: Final = 100

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

PROCESS: Final = ("process", ("reading", "device"))
ACT: Final = ("act", ("alert",))


def module_name(path: str) -> str:
    """The module that a file becomes: its name without `.py`."""
    return PurePosixPath(path).stem


def name_problem(path: str) -> str | None:
    """Why a file cannot become a module; None if it can."""
    pure = PurePosixPath(path)
    if pure.suffix != ".py":
        return f"{shown(path)} is not a Python file; its name ends in .py"
    if not _NAME.fullmatch(pure.stem):
        return f"{shown(pure.name)} cannot be a module; name it with letters, digits and _, beginning with a letter"
    return None


def source_problem(source: str, function: str, parameters: tuple[str, ...]) -> str | None:
    """Why Python source does not define `function(parameters)`; None if it does. Nothing is executed."""
    wanted = f"def {function}({', '.join(parameters)}):"
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return f"is not valid Python: line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"is not valid Python: {error or 'nested too deeply'}"
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    found = functions.get(function)
    if found is None:
        guess = nearest(function, functions)
        hint = f" (it has {guess})" if guess else ""
        return f"defines no function {function}{hint}; write {wanted}"
    if isinstance(found, ast.AsyncFunctionDef):
        return f"{function} in line {found.lineno} is async; write {wanted}"
    given = [*found.args.posonlyargs, *found.args.args]
    required = len(given) - len(found.args.defaults)
    keyword_only = [
        name.arg for name, default in zip(found.args.kwonlyargs, found.args.kw_defaults, strict=True) if default is None
    ]
    fits = required <= len(parameters) and (len(given) >= len(parameters) or found.args.vararg) and not keyword_only
    if not fits:
        return f"{function} in line {found.lineno} does not take {len(parameters)} arguments; write {wanted}"
    return None
