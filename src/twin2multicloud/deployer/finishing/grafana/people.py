"""Who may look at dashboards, in a Grafana that is ours to administer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from twin2multicloud.deployer.finishing.grafana.client import Grafana
from twin2multicloud.deployer.finishing.grafana.push import created
from twin2multicloud.deployer.finishing.progress import DASHBOARDS, Report, StepProgress


@dataclass(frozen=True)
class NewUser:
    """Somebody who may look at dashboards, and the password to tell them once. Its repr keeps the password."""

    login: str
    password: str

    def __repr__(self) -> str:
        return f"NewUser({self.login!r})"


def add_viewers(
    grafana: Grafana, people: Iterable[str], password_of: Callable[[], str], report: Report
) -> tuple[NewUser, ...]:
    """Users (by e-mail address) of a Grafana that is ours to administer; those who were made now.

    `password_of()` makes a password. Everybody is a viewer: whoever is an editor already stays one. Managed Grafanas
    know people from elsewhere and get their roles from Terraform.
    """
    made = []
    for person in people:
        if grafana.get(f"/api/users/lookup?loginOrEmail={quote(person, safe='')}") is not None:
            continue
        password = password_of()
        body = {"name": person, "email": person, "login": person, "password": password, "OrgId": 1}
        if created(grafana, "/api/admin/users", body):
            made.append(NewUser(person, password))
            report(StepProgress(DASHBOARDS, f"user {person}"))
    return tuple(made)


def remove_viewers(grafana: Grafana, people: Iterable[str], report: Report) -> int:
    """Users whom an earlier deployment named and this one does not; how many there were."""
    removed = 0
    for person in people:
        found = grafana.get(f"/api/users/lookup?loginOrEmail={quote(person, safe='')}")
        if found is None or found.get("isGrafanaAdmin"):
            continue
        grafana.ask("DELETE", f"/api/admin/users/{int(found['id'])}")
        removed += 1
        report(StepProgress(DASHBOARDS, f"user {person} is removed"))
    return removed
