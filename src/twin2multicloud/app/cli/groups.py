"""Groups of commands."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import typer
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


def lazy_group(name: str, source: str, about: str) -> typer.Typer:
    """A group whose commands are imported and built when one of them is wanted: most of what help would wait for.

    `source` is where the group with the commands is, as in `package.module:group`.
    """

    class LazyGroup(QuickGroup):
        """See above."""

        def list_commands(self, ctx: Any) -> list[str]:
            """Their names."""
            self._load()
            return super().list_commands(ctx)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """One of them."""
            self._load()
            return super().get_command(ctx, cmd_name)

        def _load(self) -> None:
            if not self.commands:
                module, _, attribute = source.partition(":")
                found: typer.Typer = getattr(import_module(module), attribute)
                self.commands = typer.main.get_group(found).commands

    return typer.Typer(
        name=name,
        cls=LazyGroup,
        help=about,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )


def plain_group(name: str) -> typer.Typer:
    """What `lazy_group` gets its commands from."""
    return typer.Typer(name=name, cls=QuickGroup, rich_markup_mode=None)
