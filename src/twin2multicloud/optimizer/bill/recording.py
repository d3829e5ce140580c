"""A calculation on arrays, written down once and then repeated for other numbers in a few large steps.

What a twin uses is some thousand small formulas over a workload's volumes. Each is cheap, but going through all the
functions that state them takes ten milliseconds, for one workload as for sixty. So they are called once with
`Symbol`s, which note what is done with them; equal steps are noted once, and steps that do the same to operands known
by then are taken together. A recording gives exactly what the functions give, bit by bit, because it calls the same
NumPy functions with the same operands.

That holds for functions of which the course does not depend on the numbers. A symbol cannot be asked for its truth or
its value, so anything else raises `TypeError` while it is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray

Function = Callable[..., Any]


def _select(condition: FloatArray, yes: FloatArray, no: FloatArray) -> FloatArray:
    return np.where(condition != 0, yes, no)


# Truth is kept as 1.0 and 0.0 among the other numbers.
_LOGICAL: Final[dict[Function, Function]] = {
    np.bitwise_and: np.logical_and,
    np.bitwise_or: np.logical_or,
    np.invert: np.logical_not,
}


class Symbol(NDArrayOperatorsMixin):
    """Stands for numbers (W,) in a calculation that is being recorded."""

    shape = ()

    def __init__(self, notes: _Notes, step: int) -> None:
        self.notes, self.step = notes, step

    def __array_ufunc__(self, function: np.ufunc, method: str, *operands: Any, **options: Any) -> Symbol:
        where, out = options.pop("where", True), options.pop("out", ())
        if method != "__call__" or options or (where is True) != (not out):
            raise TypeError(f"{function.__name__} cannot be recorded like this")
        found = self.notes.add(_LOGICAL.get(function, function), *operands)
        # `out` is what remains where nothing is calculated.
        return found if where is True else self.notes.add(_select, where, found, *out)

    def __array_function__(self, function: Function, _types: Any, given: Sequence[Any], named: dict[str, Any]) -> Any:
        if named or function not in _FUNCTIONS:
            raise TypeError(f"{function.__name__} cannot be recorded")
        return _FUNCTIONS[function](self.notes, *given)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a symbol has no value")

    def __bool__(self) -> NoReturn:
        raise TypeError("a symbol is neither true nor false: what is recorded must not depend on numbers")


def _clip(notes: _Notes, number: Any, least: Any, most: Any) -> Symbol:
    return notes.add(np.minimum, notes.add(np.maximum, number, least), most)


_FUNCTIONS: Final[dict[Function, Callable[..., Any]]] = {
    np.where: lambda notes, *operands: notes.add(_select, *operands),
    np.clip: _clip,
    np.zeros_like: lambda _notes, _like: np.zeros(()),
    np.ones_like: lambda _notes, _like: np.ones(()),
}


class _Notes:
    """The steps of a calculation in the order they were taken, each distinct one once: inputs, constants and results of
    functions. A step's number is its place.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[Function | None, tuple[Any, ...]]] = []
        self._number: dict[tuple[Function | None, tuple[Any, ...]], int] = {}

    def _note(self, function: Function | None, operands: tuple[Any, ...]) -> int:
        key = function, operands
        if key not in self._number:
            self._number[key] = len(self.steps)
            self.steps.append(key)
        return self._number[key]

    def input(self, number: int) -> Symbol:
        """The symbol of an input."""
        return Symbol(self, self._note(None, ("input", number)))

    def step_of(self, value: Any) -> int:
        """The step of a symbol, or of a constant."""
        return value.step if isinstance(value, Symbol) else self._note(None, ("constant", float(value)))

    def add(self, function: Function, *operands: Any) -> Symbol:
        """Note a function's result."""
        return Symbol(self, self._note(function, tuple(self.step_of(operand) for operand in operands)))


@dataclass(frozen=True)
class _Stage:
    """Steps that do the same: rows `rows` are `function` of the rows of each operand."""

    function: Function
    rows: slice
    operands: tuple[IntArray, ...]


class Recording:
    """A recorded calculation."""

    def __init__(self, inputs: int, calculate: Callable[[list[Any]], Sequence[Any]]) -> None:
        """Record what `calculate` makes of so many inputs."""
        notes = _Notes()
        results = [notes.step_of(result) for result in calculate([notes.input(number) for number in range(inputs)])]
        self._inputs = inputs
        self._lay_out(notes, results)

    def _lay_out(self, notes: _Notes, results: Sequence[int]) -> None:
        """Order the steps that matter: inputs, constants, then stages as soon as their operands are there."""
        wanted = set(results)
        for step in range(len(notes.steps) - 1, -1, -1):
            function, operands = notes.steps[step]
            if step in wanted and function is not None:
                wanted.update(operands)
        ready: dict[int, int] = {}  # by step: the stages that must come before
        stages: dict[tuple[int, str], list[int]] = {}
        constants: list[int] = []
        for step, (function, operands) in enumerate(notes.steps):
            if function is None:
                ready[step] = 0
                if operands[0] == "constant" and step in wanted:
                    constants.append(step)
            elif step in wanted:
                ready[step] = 1 + max(ready[operand] for operand in operands)
                stages.setdefault((ready[step], function.__name__), []).append(step)
        row = {step: step for step in range(self._inputs)}
        for step in constants:
            row[step] = len(row)
        self._constants: FloatArray = np.array([notes.steps[step][1][1] for step in constants]).reshape(-1, 1)
        self._stages: list[_Stage] = []
        for _, steps in sorted(stages.items()):
            first = len(row)
            row.update((step, first + place) for place, step in enumerate(steps))
            operand_rows = np.array([[row[operand] for operand in notes.steps[step][1]] for step in steps])
            function = notes.steps[steps[0]][0]
            assert function is not None
            self._stages.append(_Stage(function, slice(first, len(row)), tuple(operand_rows.T.copy())))
        self._size = len(row)
        self._results = np.array([row[step] for step in results], dtype=np.int64)

    def __call__(self, given: FloatArray) -> FloatArray:
        """The results (outputs, W) for inputs (inputs, W)."""
        numbers = np.empty((self._size, given.shape[1]))
        ahead = self._inputs + self._constants.shape[0]
        numbers[: self._inputs], numbers[self._inputs : ahead] = given, self._constants
        # A division is made everywhere before it is known where it counts.
        with np.errstate(divide="ignore", invalid="ignore"):
            for stage in self._stages:
                numbers[stage.rows] = stage.function(*[numbers.take(rows, axis=0) for rows in stage.operands])
        return numbers[self._results]
