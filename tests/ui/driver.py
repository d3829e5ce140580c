"""The front end without a browser: its real components on a page whose other end is this test. Messages are packed as
they would be for a browser, since that is what renders components; what comes back are events, as a browser sends them.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import wraps
from gettext import NullTranslations
from typing import Any, TypeVar, cast

import flet as ft
import msgpack
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    Message,
    MessageAction,
    RegisterClientResponseBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

from twin2multicloud.app.ui import language
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.main import open_page
from twin2multicloud.app.ui.web.limits import Limits
from twin2multicloud.app.ui.web.sessions import Live, Sessions, belonging_to

ControlT = TypeVar("ControlT", bound=BaseControl)
T = TypeVar("T")
_PATIENCE_S = 60.0


class _Browser(Connection):
    """What stands for the browser: it takes messages, and answers calls of methods that it has no screen for."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(2)
        self.pubsubhub = PubSubHub(loop=self.loop)
        self.page_url = "ws://test"
        self.page_name = ""
        self.sent_bytes = 0
        self.called: list[tuple[str, Any]] = []
        self.session: Session | None = None

    def send_message(self, message: Message) -> None:
        packed = msgpack.packb([message.action, message.body], default=configure_encode_object_for_msgpack(BaseControl))
        self.sent_bytes += len(packed)
        if message.action is MessageAction.INVOKE_METHOD and self.session is not None:
            body: Any = message.body
            self.called.append((body.name, body.args))
            if body.name == "push_route":
                self.loop.create_task(self._moved(body.args["route"]))
            self.loop.call_soon(self.session.handle_invoke_method_results, body.control_id, body.call_id, None, None)

    async def _moved(self, route: str) -> None:
        assert self.session is not None
        self.session.page.route = route
        await self.session.dispatch_event(self.session.page._i, "route_change", {"route": route})

    def dispose(self) -> None:
        """The connection is lost; its threads are those of the server."""


class _Nobody:
    """The access of a page that has none, or another one by and by."""

    identity = ""

    async def close(self) -> None:
        """Nothing is open."""


class Ui:
    """An open page of the front end. What is begun for it ends with it, as with a window of a browser."""

    def __init__(self, browser: _Browser, sessions: Sessions, live: Live) -> None:
        self._browser = browser
        self._sessions = sessions
        self._live = live
        self._session = live.session
        self.page = live.session.page
        self._context = copy_context()
        self._context.run(_context_page.set, self.page)
        self._context.run(belonging_to, live)

    @classmethod
    async def open(
        cls,
        access: Access,
        route: str = "/",
        *,
        width: int = 1_280,
        translations: NullTranslations | None = None,
    ) -> Ui:
        """Open a view, as a browser of that width does, with texts of a language of the test's own."""

        async def begin(page: ft.Page, executor: ThreadPoolExecutor) -> None:
            if translations is not None:
                page.session.store.set(language.KEY, translations)
            await open_page(page, access, executor)

        return await cls.begin(begin, route, width=width, access=access)

    @classmethod
    async def begin(
        cls,
        main: Callable[[ft.Page, ThreadPoolExecutor], Coroutine[Any, Any, None]],
        route: str = "/",
        *,
        width: int = 1_280,
        access: Access | None = None,
    ) -> Ui:
        """A page that `main` fills. Its access is closed at its end."""
        browser, sessions = _Browser(), Sessions(Limits())
        live = sessions.add(browser, access or cast(Access, _Nobody()))
        browser.session = session = live.session
        page = session.page
        page.route, page.web, page.width, page.height = route, True, width, 900
        _context_page.set(page)  # for what a test itself does to the page
        context.reset_auto_update()
        browser.send_message(
            Message(
                MessageAction.REGISTER_CLIENT,
                RegisterClientResponseBody(session_id=session.id, page_patch=session.get_page_patch(), error=""),  # type: ignore[no-untyped-call]
            )
        )
        ui = cls(browser, sessions, live)
        await ui._within(main(page, browser.executor))
        await ui._within(session.after_event(page))
        await ui.settle()
        return ui

    async def close(self) -> None:
        """Close the page."""
        await self._within(self._session.dispatch_event(self.page._i, "disconnect", None))
        await self._within(self._session.dispatch_event(self.page._i, "close", None))
        self._sessions.end(self._live)
        await self.settle()
        self._browser.executor.shutdown(wait=False)

    async def leave(self) -> None:
        """Be gone for a while: the connection is lost, or the page is being loaded again."""
        await self._within(self._session.disconnect(60))

    async def come_back(self) -> None:
        """Show the same page again."""
        await self._within(self._session.connect(self._browser))
        await self.settle()

    async def _within(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something as the page: whatever that begins is the page's."""
        await asyncio.create_task(work, context=self._context)

    async def settle(self) -> None:
        """Let what was begun come to an end, as far as it does not wait for anything."""
        for _ in range(6):
            await asyncio.sleep(0.005)

    async def until(self, true: Callable[[], T | None], what: str = "") -> T:
        """Wait until something is there; the texts in view otherwise."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_S
        while True:
            try:
                found = true()
            except LookupError:
                found = None
            if found:
                return found
            self._fail_as_rendering_did()
            assert loop.time() < deadline, f"{what or 'it'} did not come; in view: {self.texts()}"
            await asyncio.sleep(0.02)

    def _fail_as_rendering_did(self) -> None:
        # A component that raises ends the task that shows changes: nothing would come any more.
        task: asyncio.Task[None] | None = getattr(self._session, "_Session__updates_task", None)
        if task is not None and task.done() and not task.cancelled():
            task.result()

    async def sees(self, text: str) -> None:
        """Wait until a text is in view (as a part of one)."""
        await self.until(lambda: any(text in each for each in self.texts()), f"“{text}”")

    def controls(self) -> Iterator[BaseControl]:
        """All controls in view, dialogs too."""
        seen: set[int] = set()
        yield from self._walk(self.page.views, seen)
        yield from self._walk(self.page._dialogs.controls, seen)

    def all(self, kind: type[ControlT]) -> list[ControlT]:
        """All of a kind."""
        return [each for each in self.controls() if isinstance(each, kind)]

    def texts(self) -> list[str]:
        """All texts in view."""
        return [each.value for each in self.all(ft.Text) if each.value]

    def labels(self) -> list[str]:
        """All names that screen readers say of parts in view."""
        return [each.label for each in self.all(ft.Semantics) if each.label]

    def within(self, control: BaseControl) -> Iterator[BaseControl]:
        """A control and all that is in it."""
        return self._walk(control, set())

    def rail_label(self, label: str) -> bool:
        """Whether a place to go to is called so."""
        return any(each.label == label for each in self.all(ft.NavigationRailDestination))

    async def sees_field(self, label: str) -> None:
        """Wait until there is a field with a label."""
        await self.until(lambda: self.field(label), f"field “{label}”")

    def named(self, identifier: str) -> ft.Semantics:
        """The part with an identifier."""
        return _first((each for each in self.all(ft.Semantics) if each.identifier == identifier), identifier)

    def button(self, label: str) -> BaseControl:
        """The button with a text or a name."""
        found = dict(self._buttons())
        if label not in found:
            raise LookupError(f"no button “{label}” among {list(found)}")
        return found[label]

    def field(self, label: str) -> BaseControl:
        """The field with a label."""
        kinds = (ft.TextField, ft.DropdownM2, ft.Switch, ft.Checkbox)
        return _first((each for each in self.controls() if isinstance(each, kinds) and each.label == label), label)

    async def press(self, label: str) -> None:
        """Press a button."""
        await self.fire(await self.until(lambda: self.button(label), f"button “{label}”"), "click")

    async def choose(self, label: str) -> None:
        """Choose an entry of a menu by its text, wherever in it that is."""

        def entry() -> ft.PopupMenuItem:
            for each in self.all(ft.PopupMenuItem):
                inside = [each.content, *self._walk(each.content, set())]
                if any(label in (part, getattr(part, "value", None)) for part in inside):
                    return each
            raise LookupError(label)

        await self.fire(await self.until(entry, f"entry “{label}”"), "click")

    async def fill(self, label: str, value: Any) -> None:
        """Fill in a field, choose, switch."""
        field: Any = await self.until(lambda: self.field(label), f"field “{label}”")

        async def changed() -> None:
            # In one go, as a window takes it: what is shown anew in between would put back what was there.
            self._session.apply_patch(field._i, {"value": value})
            await self._session.dispatch_event(field._i, "change", value)

        await self._within(changed())
        await self.settle()

    async def told(self, label: str) -> ft.Semantics:
        """Wait for the part that screen readers are told so about."""
        return await self.until(
            lambda: _first((each for each in self.all(ft.Semantics) if (each.label or "").startswith(label)), label),
            f"“{label}”",
        )

    def called(self, method: str) -> Any:
        """With what a method of the browser was called last; None before it was."""
        return next((given for name, given in reversed(self._browser.called) if name == method), None)

    async def fire(self, control: BaseControl, event: str, data: Any = None) -> None:
        """Have something happen to a control."""
        await self._within(self._session.dispatch_event(control._i, event, data))
        await self.settle()

    async def go(self, route: str) -> None:
        """Go to an address, as the address bar does."""
        self.page.route = route
        await self.fire(self.page, "route_change", {"route": route})

    def _buttons(self) -> Iterator[tuple[str, BaseControl]]:
        """What can be pressed, by its name and by what is written on it."""
        kinds = (ft.FilledButton, ft.OutlinedButton, ft.TextButton, ft.IconButton, ft.Button)
        for each in self.controls():
            if isinstance(each, kinds):
                for name in _written_on(each):
                    yield name, each
            # As `pressable` makes them.
            inner = each.content if isinstance(each, ft.Container) else None
            if isinstance(inner, ft.Semantics) and inner.button and inner.label:
                yield inner.label, each

    def _walk(self, value: Any, seen: set[int]) -> Iterator[BaseControl]:
        if value is None or id(value) in seen:
            return
        if isinstance(value, BaseControl):
            seen.add(id(value))
            if getattr(value, "visible", True) is False:
                return
            yield value
        if dataclasses.is_dataclass(value):
            for each in dataclasses.fields(value):
                if each.name not in ("_parent", "data") and not each.metadata.get("skip"):
                    yield from self._walk(getattr(value, each.name, None), seen)
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from self._walk(inner, seen)


def _written_on(button: ft.FilledButton | ft.OutlinedButton | ft.TextButton | ft.IconButton | ft.Button) -> list[str]:
    parts = [button.tooltip, getattr(button, "icon", None), getattr(button, "content", None)]
    parts += getattr(parts[-1], "controls", [])
    names: list[str | None] = []
    for part in parts:
        if isinstance(part, str):
            names.append(part)
        elif isinstance(part, ft.Tooltip):
            names.append(part.message)
        elif isinstance(part, ft.Text):
            names += [part.semantics_label, part.value]
        elif isinstance(part, ft.Icon):
            names.append(part.semantics_label)
    return [name for name in names if name]


def _first(found: Iterator[ControlT], what: str) -> ControlT:
    for each in found:
        return each
    raise LookupError(f"nothing is called “{what}”")


def driven(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test that is a coroutine, run in a loop of its own."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **named), 60))

    return run
