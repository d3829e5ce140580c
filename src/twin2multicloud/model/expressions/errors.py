"""What can be wrong with an expression, and how evaluating one fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final


@dataclass(frozen=True)
class Problem:
    """One thing wrong: `column` counts characters from 1, `message` says what is wrong and what to write."""

    column: int
    message: str

    def __str__(self) -> str:
        return f"column {self.column}: {self.message}"


class ExpressionError(ValueError):
    """An expression cannot be read, or not be evaluated for a message; `column` is 0 where no place is known."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(f"column {column}: {message}" if column else message)
        self.message = message
        self.column = column

    @property
    def problem(self) -> Problem:
        """The same as a problem."""
        return Problem(self.column, self.message)


_MOST_COMPARED: Final = 2000


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` if a known name is near, otherwise the known names, as the end of a sentence."""
    import difflib  # 5 ms that only errors need

    names = list(islice(known, _MOST_COMPARED))
    folded = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(name[:64].casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{folded[close[0]]}'?"
    return f"; there are {', '.join(names[:12])}{' …' if len(names) > 12 else ''}" if names else ""
