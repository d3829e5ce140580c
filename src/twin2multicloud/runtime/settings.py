"""Settings of a function: JSON in environment variables, read once and checked whole.

An error names the variable, the field, its value and the remedy, and never shows what may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_MOST_SHOWN: Final = 60
_SECRET: Final = re.compile(r"key|secret|passw|token|sig\b|sig=|credential|connection|emulator", re.IGNORECASE)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_PLACE: Final = re.compile(r" - at `(?:key in )?\$(.*)`$")


class ConfigError(ValueError):
    """A function's settings are missing, broken or lack what its role needs."""


def read_setting(environment: Mapping[str, str], variable: str, kind: type[T], place: str) -> T:
    """What a variable holds. `place` says where a person finds it, as in "the function's environment variables".

    Raises `ConfigError`.
    """
    text = environment.get(variable, "")
    if not text.strip():
        raise ConfigError(f"{variable} is not set: the deployer writes it; deploy again, or add it to {place}")
    try:
        plain = msgspec.json.decode(text)
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        problem = _problem(str(error), plain, kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        # The text of an encoding error holds the document.
        why = str(error) if isinstance(error, msgspec.DecodeError) else type(error).__name__
        problem = f"the value is no JSON ({why}, of {len(text)} characters)"
    # From nothing: msgspec's error quotes values, and a traceback shows it.
    raise ConfigError(f"{variable}: {problem}; deploy again, or correct it in {place}") from None


def lacking(variable: str, field: str, why: str, place: str) -> ConfigError:
    """The error for a field that may be empty, but not in this function."""
    return ConfigError(f"{variable} lacks '{field}', which {why} needs; deploy again, or add it in {place}")


def _problem(said: str, found: Any, kind: Any) -> str:
    """What is wrong, from what msgspec says: only that tells where, and the rest is looked up."""
    from msgspec import inspect

    at = _PLACE.search(said)
    path = [name or number for name, number in _STEP.findall(at[1] if at else "")]
    expected: Any = inspect.type_info(kind)
    for step in path:
        expected = _inside(expected, step)
        found = _value(found, step)
    if missing := re.search(r"missing required field `(.*?)`", said):
        return f"{_name([*path, missing[1]])} is missing"
    if unknown := re.search(r"unknown field `(.*?)`", said):
        return f"{_name([*path, unknown[1]])} is none of its fields; these are: {', '.join(_fields(expected))}"
    return f"{_name(path) or 'the value'} is {_shown(path, found)}; it must be {_described(expected)}"


def _name(path: list[str]) -> str:
    text = "".join(f"[{step}]" if step == "..." or step.isdigit() else f".{step}" for step in path)
    return f"'{text.removeprefix('.')[:_MOST_SHOWN]}'" if path else ""


def _struct(info: Any) -> Any:
    """The structure that may be here, besides null and the like."""
    from msgspec import inspect

    options = info.types if isinstance(info, inspect.UnionType) else (info,)
    return next((each for each in options if isinstance(each, inspect.StructType)), None)


def _fields(info: Any) -> list[str]:
    struct = _struct(info)
    return [] if struct is None else sorted(field.encode_name for field in struct.fields)


def _inside(info: Any, step: str) -> Any:
    """What is expected one step further."""
    from msgspec import inspect

    struct = _struct(info)
    if struct is not None:
        return next((field.type for field in struct.fields if field.encode_name == step), None)
    if isinstance(info, inspect.DictType):
        return info.value_type
    return getattr(info, "item_type", None)


_UNKNOWN: Final = object()


def _value(found: Any, step: str) -> Any:
    if isinstance(found, dict):
        return found.get(step, _UNKNOWN)
    if isinstance(found, list) and step.isdigit() and int(step) < len(found):
        return found[int(step)]
    return _UNKNOWN


def _shown(path: list[str], found: Any) -> str:
    """A value, as far as it may be seen."""
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "an array"
    if found is _UNKNOWN:
        return "of another kind"
    text = msgspec.json.encode(found).decode()
    if len(text) > _MOST_SHOWN or _SECRET.search(text) or any(_SECRET.search(step) for step in path):
        return "a value that is not shown"
    return text


def _described(info: Any) -> str:
    from msgspec import inspect

    if isinstance(info, inspect.UnionType):
        return " or ".join(_described(each) for each in info.types)
    if isinstance(info, inspect.LiteralType):
        return f"one of {', '.join(repr(each) for each in info.values)}"
    names: dict[type, str] = {
        inspect.StrType: "a text",
        inspect.IntType: "a whole number",
        inspect.FloatType: "a number",
        inspect.BoolType: "true or false",
        inspect.NoneType: "null",
        inspect.StructType: "an object",
        inspect.DictType: "an object",
    }
    return names.get(type(info), "an array")
