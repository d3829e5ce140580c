"""User code: one function in, one out, its failures contained.

A processor module defines `process(reading, device)`, which returns the reading to keep (a dict; the same one,
changed or not, or a new one) or None to drop the message. A rule's function module defines `act(alert)`. Whatever
they raise, return or loop over for ever ends as a `UserCodeError` about this one message.
"""

from __future__ import annotations

import ctypes
import math
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.envelope import MOST_LEVELS


class UserCodeError(Exception):
    """A user's function failed; the message names it, the cause and the line."""


@dataclass(frozen=True)
class Device:
    """What a processor is told about the device: its name, its type, and the event's time (RFC 3339)."""

    name: str
    type: str
    time: str


class _Overtime(BaseException):  # not an Exception, so that a user's `except Exception` does not swallow it
    pass


class TimeLimit:
    """Interrupts Python code of any thread that runs longer than allowed. One watching thread serves all, while there
    is something to watch.

    Code that swallows the interrupt is interrupted again. A loop in C (a huge power, a sleep) is interrupted when it
    returns. In the clouds the function's own timeout ends that as well.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # A plain lock: the interrupt cannot come between its being taken and the `with` block being entered.
        self._lock = threading.Lock()
        self._running: dict[int, float] = {}
        self._watcher: threading.Thread | None = None

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """`function(*arguments)`, or `UserCodeError` after the limit."""
        try:
            try:
                self._begin()
                return function(*arguments)
            finally:
                self._end()
        except _Overtime:
            self._end()
            raise UserCodeError(f"did not end within {self.seconds:g} s") from None

    def _begin(self) -> None:
        with self._lock:
            self._running[threading.get_ident()] = time.monotonic() + self.seconds
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="time-limit", daemon=True)
                self._watcher.start()

    def _end(self) -> None:
        """No interrupt comes to this thread any more once this has returned. It may come during this."""
        me = threading.get_ident()
        while True:
            try:
                with self._lock:
                    self._running.pop(me, None)
                    _interrupt(me, None)  # one that was sent and has not arrived is taken back
                return
            except _Overtime:
                continue

    def _watch(self) -> None:
        idle = 0
        while True:
            time.sleep(min(self.seconds / 4, 0.25))
            now = time.monotonic()
            with self._lock:
                idle = 0 if self._running else idle + 1
                if idle == _IDLE_LOOKS:
                    self._watcher = None  # the next call starts another one
                    return
                for thread, deadline in self._running.items():
                    if now > deadline:
                        _interrupt(thread, _Overtime)
                        self._running[thread] = now + max(self.seconds, _AGAIN_S)


def _interrupt(thread: int, exception: type[BaseException] | None) -> None:
    what = None if exception is None else ctypes.py_object(exception)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)


_IDLE_LOOKS: Final = 20
_AGAIN_S: Final = 1.0
"""Between two interrupts, long enough for the first to have been dealt with."""
_PACKAGE: Final = "twin2multicloud_processors"
DEFAULT_LIMIT_S: Final = 2.0
_MAX_RESULT_BYTES: Final = 262_144


class UserCode:
    """The twin's user modules, by name, from their sources. Nothing runs before `load`."""

    def __init__(self, sources: Mapping[str, str], *, limit: TimeLimit | None = None) -> None:
        self._sources = sources
        self._modules: dict[str, types.ModuleType] = {}
        self._loading = threading.RLock()
        self._limit = limit or TimeLimit(DEFAULT_LIMIT_S)

    def process(self, module: str, reading: dict[str, Any], device: Device) -> dict[str, Any] | None:
        """What the module's `process` makes of a reading; None drops it. Raises `UserCodeError`."""
        result = self._call(module, "process", reading, device)
        if result is None:
            return None
        if not isinstance(result, dict):
            raise UserCodeError(f"{module}.process returned {type(result).__name__}; return a dict, or None to drop")
        return _plain(result, f"{module}.process")

    def act(self, module: str, alert: dict[str, Any]) -> None:
        """Call the module's `act` with an alert. Raises `UserCodeError`."""
        self._call(module, "act", alert)

    def _call(self, module: str, name: str, *arguments: object) -> Any:
        try:
            function = getattr(self._load(module), name, None)
            if not callable(function):
                raise UserCodeError(f"{module} defines no function {name}")
            return self._limit.call(function, *arguments)
        except UserCodeError as error:
            raise UserCodeError(f"{module}.{name} {error}") from error
        except BaseException as error:  # it may raise anything, SystemExit and GeneratorExit included
            raise UserCodeError(f"{module}.{name} raised {_described(error, module)}") from error

    def _load(self, name: str) -> types.ModuleType:
        with self._loading:
            if name not in self._modules:
                if name not in self._sources:
                    raise UserCodeError(f"there is no module {name}")
                module = types.ModuleType(f"{_PACKAGE}.{name}")
                code = compile(self._sources[name], f"{name}.py", "exec")
                # Dataclasses and the like look their module up while they are made.
                sys.modules[module.__name__] = module
                try:
                    self._limit.call(exec, code, module.__dict__)
                finally:
                    sys.modules.pop(module.__name__, None)
                self._modules[name] = module
            return self._modules[name]


def _described(error: BaseException, module: str) -> str:
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"{module}.py":
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        text = " ".join(str(error).split())[:300]
    except BaseException as worse:  # noqa: BLE001  its own text is the user's code, too
        text = f"(its text cannot be had: {type(worse).__name__})"
    # What a text may hold here need not be what UTF-8 can carry.
    text = f"{type(error).__name__}{f' in line {line}' if line else ''}{f': {text}' if text else ''}"
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: dict[str, Any], who: str) -> dict[str, Any]:
    """The value as JSON would carry it; what JSON cannot carry is an error, not a surprise in a store."""
    try:
        problem = _unlike_json(value, MOST_LEVELS)
        if problem:
            raise UserCodeError(f"{who} returned {problem}; return what JSON can carry")
        encoded = msgspec.json.encode(value)
        if len(encoded) > _MAX_RESULT_BYTES:
            raise UserCodeError(f"{who} returned {len(encoded)} bytes; at most {_MAX_RESULT_BYTES}")
        plain = msgspec.json.decode(encoded)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise UserCodeError(f"{who} returned what JSON cannot carry: {error}") from error
    assert isinstance(plain, dict)
    return plain


def _unlike_json(value: Any, levels: int) -> str:
    """What JSON has no like of, in words; "" if there is nothing. (The encoder would make NaN null, a set an array.)"""
    kind = type(value)
    if kind in (str, int, bool, type(None)):
        return ""
    if kind is float:
        return "" if math.isfinite(value) else f"the number {value}"
    if levels == 0:
        return f"more than {MOST_LEVELS} levels of objects and arrays"
    # The built-in ways through them: a subclass may have others.
    if issubclass(kind, dict):
        for name, item in dict.items(value):
            if not isinstance(name, str):
                return f"a key of type {type(name).__name__}"
            if problem := _unlike_json(item, levels - 1):
                return problem
        return ""
    if issubclass(kind, list | tuple):
        items: Iterator[Any] = list.__iter__(value) if issubclass(kind, list) else tuple.__iter__(value)
        return next((problem for item in items if (problem := _unlike_json(item, levels - 1))), "")
    return f"a value of type {kind.__name__}"
