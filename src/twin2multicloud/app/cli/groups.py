"""Groups of commands."""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperGroup

_TYPERS_FLAGS: Final = ("help", "install_completion", "show_completion")


class QuickGroup(TyperGroup):
    """Commands whose help shows at once."""

    def get_params(self, ctx: Any) -> Any:
        """The parameters, with the flags that typer adds itself off by default.

        Left without a default they make it load its validators, a quarter of a second, before any help appears.
        """
        parameters = super().get_params(ctx)
        for parameter in parameters:
            if parameter.default is None and parameter.name in _TYPERS_FLAGS:
                parameter.default = False
        return parameters
