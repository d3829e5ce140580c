"""The form for a new route of alerts: a webhook, or e-mail."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

import flet as ft
from pydantic import ValidationError

from twin2multicloud.app.schemas.alert_routes import EmailInput, NewAlertRoute, WebhookInput
from twin2multicloud.app.schemas.alerts import AlertSeverity
from twin2multicloud.app.ui import layers
from twin2multicloud.app.ui.components import badges, buttons, fields, states, text
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP

_ANY = ""


@ft.component
def RouteForm(  # noqa: N802  components are named as Flet's controls are
    workspace: str, kind: str, done: Callable[[NewAlertRoute], None], cancel: Callable[[], None]
) -> ft.Control:
    """`done` is called with the route that was made."""
    session = use_session()
    name, set_name = ft.use_state("")
    leads, set_leads = ft.use_state("")
    severity, set_severity = ft.use_state("warning")
    layer, set_layer = ft.use_state(_ANY)
    later, set_later = ft.use_state(False)
    no_problems: dict[str, str] = {}
    problems, set_problems = ft.use_state(no_problems)
    no_failure: Failure | None = None
    failure, set_failure = ft.use_state(no_failure)
    busy, set_busy = ft.use_state(False)
    by_hook = kind == "webhook"

    def make() -> None:
        given, wrong = _input(by_hook, name, leads, severity, layer, later)
        set_problems(wrong)
        if busy or given is None:
            return
        wanted = given

        async def made() -> None:
            set_busy(True)
            set_failure(no_failure)
            try:
                route = await session.ask(lambda api: api.alert_routes.create(workspace, wanted))
            finally:
                set_busy(False)
            done(route)

        session.act(made(), failed=set_failure)

    severities = {each: badges.severity_word(each) for each in get_args(AlertSeverity)}
    parts: list[ft.Control] = [] if failure is None else [states.failed(failure)]
    parts += [
        fields.line(tr("Name of the route"), name, set_name, problem=problems.get("name"), hint=tr("on call")),
        fields.line(
            tr("Address of the webhook"),
            leads,
            set_leads,
            problem=problems.get("url"),
            hint="https://hooks.example.org/t2m",
            secret=True,
        )
        if by_hook
        else fields.line(
            tr("E-mail addresses"), leads, set_leads, problem=problems.get("to"), hint="ada@example.org, bo@example.org"
        ),
        ft.Row(
            [
                ft.Container(fields.choice(tr("From severity"), severity, severities, set_severity), width=170),
                ft.Container(
                    fields.choice(tr("Of layer"), layer, {_ANY: tr("any layer"), **layers.names()}, set_layer),
                    width=210,
                ),
                fields.switch(tr("Only what is escalated"), later, set_later),
            ],
            wrap=True,
            spacing=GAP + 4,
            run_spacing=GAP,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    ]
    if by_hook:
        parts.append(text.muted(tr("The address is not shown again. What is posted is signed with a secret.")))
    parts.append(
        ft.Row(
            [
                buttons.main(tr("Adding…") if busy else tr("Add the route"), None if busy else make),
                buttons.quiet(tr("Cancel"), cancel),
            ],
            spacing=GAP,
        )
    )
    return ft.Column(parts, spacing=GAP + 6, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _input(
    by_hook: bool, name: str, leads: str, severity: str, layer: str, later: bool
) -> tuple[WebhookInput | EmailInput | None, dict[str, str]]:
    """What is sent, or what is wrong with it by field."""
    body = {
        "name": name.strip(),
        "min_severity": severity,
        "layers": [layer] if layer else [],
        "only_escalated": later,
    }
    try:
        if by_hook:
            return WebhookInput.model_validate({**body, "kind": "webhook", "url": leads.strip()}), {}
        to = [each for each in re.split(r"[\s,;]+", leads) if each]
        return EmailInput.model_validate({**body, "kind": "email", "to": to}), {}
    except ValidationError as error:
        words = {
            "name": tr("is needed"),
            "url": tr("begins with https://"),
            "to": tr("is one address or several, with commas between them"),
        }
        return None, {field: words[field] for each in error.errors() if (field := str(each["loc"][0])) in words}
