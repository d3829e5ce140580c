"""What a window shows."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.access import Access


async def session(page: ft.Page, access: Access) -> None:
    """Show the front end in a new window."""
    page.title = "Twin2MultiCloud"
    page.add(ft.Semantics(identifier="who", content=ft.Text(f"Signed in as {access.me.name}")))
