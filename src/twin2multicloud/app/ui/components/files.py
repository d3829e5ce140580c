"""Files that somebody picks on their machine: read by their browser, and sent once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft
from flet.components.hooks.use_ref import MutableRef

from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.web.limits import PICKED_MOST_BYTES


@dataclass(frozen=True)
class Picked:
    """A file's name and content."""

    name: str
    content: bytes


def use_picker(
    picked: Callable[[Sequence[Picked]], None],
    refused: Callable[[str], None],
    *,
    most_bytes: int = PICKED_MOST_BYTES,
) -> ft.FilePicker:
    """What opens the browser's dialog for files; `refused` says why what was picked is not taken. Browsers say so
    themselves of more than `PICKED_MOST_BYTES`, which they do not read.
    """

    def came(event: ft.FilePickerResultEvent) -> None:
        given = [Picked(file.name, file.bytes) for file in event.files if file.bytes is not None]
        if not given:
            return
        if sum(len(file.content) for file in given) > most_bytes:
            refused(tr("That is more than {most:,} kB; is it the right file?", most=most_bytes // 1000))
        else:
            picked(given)

    newest: MutableRef[Callable[[ft.FilePickerResultEvent], None] | None] = ft.use_ref()
    newest.current = came

    def result(event: ft.FilePickerResultEvent) -> None:
        if newest.current is not None:
            newest.current(event)

    # Browsers are told of what is listened to when the picker is made, not later.
    picker: ft.FilePicker = ft.use_memo(lambda: ft.FilePicker(on_result=result), [])
    return picker


def pick_button(
    label: str, picker: ft.FilePicker, *, extensions: Sequence[str] = (), several: bool = False, busy: bool = False
) -> ft.Control:
    """A button that opens the dialog: the browser does so itself, as it lets nobody else."""
    return ft.OutlinedButton(
        label,
        icon=ft.Icons.UPLOAD_FILE,
        disabled=busy,
        action=ft.PickFiles(
            picker,
            file_type=ft.FilePickerFileType.CUSTOM if extensions else ft.FilePickerFileType.ANY,
            allowed_extensions=list(extensions) or None,
            allow_multiple=several,
            with_data=True,
        ),
    )
