"""User code: one function in, one out, its failures contained.

A processor module defines `process(reading, device)`, which returns the reading to keep (a dict; the same one,
changed or not, or a new one) or None to drop the message. A rule's function module defines `act(alert)`. Whatever
they raise, return or loop over for ever ends as a `UserCodeError` about this one message.
"""

from __future__ import annotations

import ctypes
import threading
import time
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec


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
    """Interrupts Python code of any thread that runs longer than allowed. One watching thread serves all.

    A loop in C (a huge power, a sleep) is interrupted when it returns. In the clouds the function's own timeout
    ends that as well.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = threading.Condition()
        self._running: dict[int, float] = {}
        self._watcher: threading.Thread | None = None

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """`function(*arguments)`, or `UserCodeError` after the limit."""
        me = threading.get_ident()
        try:
            self._begin(me)
            try:
                return function(*arguments)
            finally:
                self._end(me)
        except _Overtime:
            with self._lock:
                self._running.pop(me, None)
            raise UserCodeError(f"did not end within {self.seconds:g} s") from None

    def _begin(self, me: int) -> None:
        with self._lock:
            self._running[me] = time.monotonic() + self.seconds
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="time-limit", daemon=True)
                self._watcher.start()

    def _end(self, me: int) -> None:
        with self._lock:
            interrupted = self._running.pop(me, None) is None
        if interrupted:
            # The interrupt is under way to this thread: let it arrive here and not in somebody else's code.
            for _ in range(1000):
                time.sleep(0.001)

    def _watch(self) -> None:
        while True:
            time.sleep(min(self.seconds / 4, 0.25))
            now = time.monotonic()
            with self._lock:
                for thread, deadline in list(self._running.items()):
                    if now > deadline:
                        del self._running[thread]
                        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_Overtime))


DEFAULT_LIMIT_S: Final = 2.0
_MAX_RESULT_BYTES: Final = 262_144


class UserCode:
    """The twin's user modules, by name, from their sources. Nothing runs before `load`."""

    def __init__(self, sources: Mapping[str, str], *, limit: TimeLimit | None = None) -> None:
        self._sources = sources
        self._modules: dict[str, types.ModuleType] = {}
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
        except GeneratorExit:
            raise
        except BaseException as error:  # it may raise anything, SystemExit included
            raise UserCodeError(f"{module}.{name} raised {_described(error, module)}") from error

    def _load(self, name: str) -> types.ModuleType:
        if name not in self._modules:
            if name not in self._sources:
                raise UserCodeError(f"there is no module {name}")
            module = types.ModuleType(name)
            code = compile(self._sources[name], f"{name}.py", "exec")
            self._limit.call(exec, code, module.__dict__)
            self._modules[name] = module
        return self._modules[name]


def _described(error: BaseException, module: str) -> str:
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"{module}.py":
            line = trace.tb_lineno
        trace = trace.tb_next
    text = " ".join(str(error).split())[:300]
    where = f" in line {line}" if line else ""
    return f"{type(error).__name__}{where}: {text}" if text else f"{type(error).__name__}{where}"


def _plain(value: dict[str, Any], who: str) -> dict[str, Any]:
    """The value as JSON would carry it; what JSON cannot carry is an error, not a surprise in a store."""
    try:
        encoded = msgspec.json.encode(value)
        if len(encoded) > _MAX_RESULT_BYTES:
            raise UserCodeError(f"{who} returned {len(encoded)} bytes; at most {_MAX_RESULT_BYTES}")
        plain = msgspec.json.decode(encoded)
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise UserCodeError(f"{who} returned what JSON cannot carry: {error}") from error
    assert isinstance(plain, dict)
    return plain
