"""Taking a proposal along: the definition, a report, the infrastructure's code, the bill."""

from __future__ import annotations

import re
from functools import partial

import flet as ft

from twin2multicloud.app.schemas.twins import ExportKind
from twin2multicloud.app.ui.components import menus
from twin2multicloud.app.ui.components.menus import Item
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal.state import Loaded
from twin2multicloud.app.ui.session import Session

_ENDINGS: dict[ExportKind, str] = {
    "definition": "definition.zip",
    "report": "report.html",
    "terraform": "terraform.zip",
    "bill": "bill.csv",
}


def menu(session: Session, loaded: Loaded) -> ft.Control:
    """A button that opens what there is. Without a placement there is only the definition."""
    placed = loaded.twin.current.placement is not None
    words: dict[ExportKind, tuple[str, ft.IconData, bool]] = {
        "definition": (tr("Definition and its files (zip)"), ft.Icons.DESCRIPTION_OUTLINED, True),
        "report": (tr("Report (HTML)"), ft.Icons.SUMMARIZE_OUTLINED, placed),
        "terraform": (tr("Terraform (zip)"), ft.Icons.CODE, placed and loaded.may_decide),
        "bill": (tr("Bill (CSV)"), ft.Icons.TABLE_CHART_OUTLINED, placed),
    }
    items = [
        Item(said, partial(_chosen, session, loaded, kind) if possible else None, icon)
        for kind, (said, icon, possible) in words.items()
    ]
    return menus.menu(tr("Export"), items, icon=ft.Icons.DOWNLOAD)


def _chosen(session: Session, loaded: Loaded, kind: ExportKind) -> None:
    session.act(take(session, loaded.twin.id, loaded.twin.name, kind))


async def take(session: Session, twin: str, name: str, kind: ExportKind) -> None:
    """Have it made, and hand it to whoever looks as a file."""
    made = await session.ask(lambda api: api.twins.export(twin, kind))
    file = f"{file_name(name)}-{_ENDINGS[kind]}"
    await ft.FilePicker().save_file(file_name=file, src_bytes=made)
    session.notices.tell(tr("{file} is made", file=file))


def file_name(name: str) -> str:
    """A twin's name as part of a file's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "twin"
