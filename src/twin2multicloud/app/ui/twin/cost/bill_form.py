"""The form in which somebody has a cloud's bill read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from twin2multicloud.app.schemas.sandboxes import CloudName
from twin2multicloud.app.ui.components import badges, buttons, dialogs, fields, states, text
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.app.ui.twin.cost.bill_asking import Asking


def ask(session: Session, twin: str, begun: Callable[[], None]) -> None:
    """Ask which bill; `begun` is called once it is being read."""
    dialogs.show_live(session, tr("Read a bill"), lambda: BillForm(twin, begun), width=480)


@ft.component
def BillForm(twin: str, begun: Callable[[], None]) -> ft.Control:  # noqa: N802
    """Which cloud, how and where it tells its bills, and of which month."""
    session = use_session()
    latest: MutableRef[Asking] = ft.use_ref(lambda: Asking(f"{session.now():%Y-%m}"))
    asking, put = ft.use_state(latest.current or Asking(""))
    problems, complain = ft.use_state(dict[str, str]())
    failures, fail = ft.use_state(tuple[Failure, ...]())

    def change(**changes: Any) -> None:
        latest.current = replace(latest.current or asking, **changes)
        put(latest.current)

    async def begin() -> None:
        # What was typed last, though it may not be shown yet.
        wanted = latest.current or asking
        found = wanted.problems()
        complain(found)
        fail(())
        if found:
            return
        if wanted.daily:
            await session.ask(lambda api: api.bills.set_source(twin, wanted.cloud, wanted.source))
        else:
            await session.ask(lambda api: api.bills.fetch(twin, wanted.fetch))
        dialogs.close(session)
        begun()

    shown: list[ft.Control] = [
        fields.choice(
            tr("Cloud"),
            asking.cloud,
            {each: badges.CLOUDS[each] for each in get_args(CloudName)},
            lambda cloud: change(cloud=cloud),
        ),
        fields.choice(
            tr("How"),
            asking.kind,
            {"export": tr("from its export"), "query": tr("by asking it")},
            lambda kind: change(kind=kind),
        ),
        text.muted(_hint(asking)),
        fields.line(
            _where(asking),
            asking.location,
            lambda given: change(location=given),
            problem=problems.get("location"),
            hint=_example(asking),
            helper=tr("Empty: what the connection is for.") if asking.kind == "query" else None,
        ),
        fields.line(
            tr("Rates of other currencies"),
            asking.rates,
            lambda given: change(rates=given),
            problem=problems.get("rates"),
            hint="EUR=1.08",
            helper=tr("Empty: the bill is in dollars."),
        ),
        fields.switch(tr("From now on, every day"), asking.daily, lambda on: change(daily=on)),
    ]
    if not asking.daily:
        shown.append(
            fields.line(tr("Month"), asking.month, lambda given: change(month=given), problem=problems.get("month"))
        )
    shown += [states.failed(each) for each in failures]
    shown.append(
        dialogs.choices(
            buttons.quiet(tr("Cancel"), lambda: dialogs.close(session)),
            buttons.main(
                tr("Begin"),
                lambda: session.act(begin(), failed=lambda why: fail((why,))),
                icon=ft.Icons.DOWNLOAD_OUTLINED,
            ),
        )
    )
    return ft.Column(shown, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _hint(asking: Asking) -> str:
    if asking.kind == "export":
        return tr("It is read from where the cloud exports its bills to, with the twin’s connection there.")
    if asking.cloud == "gcp":
        return tr("Google Cloud tells its bills by its export in BigQuery only.")
    if asking.cloud == "aws":
        return tr("Cost Explorer takes 0.01 USD a request, two to four of them for a month. It is up to a day late.")
    return tr("Cost Management is free, and up to a day late. Some agreements tell amounts without quantities.")


def _where(asking: Asking) -> str:
    if asking.kind == "export":
        return {"aws": tr("Bucket and prefix"), "azure": tr("Address of the container")}.get(
            asking.cloud, tr("Table of BigQuery")
        )
    return tr("Scope") if asking.cloud == "azure" else tr("Account")


def _example(asking: Asking) -> str:
    if asking.kind == "export":
        return {"aws": "s3://bucket/prefix", "azure": "https://account.blob.core.windows.net/container/prefix"}.get(
            asking.cloud, "project.dataset.table"
        )
    return "/subscriptions/…" if asking.cloud == "azure" else "123456789012"
