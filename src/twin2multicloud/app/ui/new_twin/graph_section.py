"""What the devices are in, and how things relate: the twin graph that L4 shows."""

from __future__ import annotations

import flet as ft

from twin2multicloud.app.ui.components import buttons, cards, text
from twin2multicloud.app.ui.hooks import use_session
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.new_twin import changes
from twin2multicloud.app.ui.new_twin.actions import as_json, from_json
from twin2multicloud.app.ui.new_twin.chooser import add, fresh, stacked
from twin2multicloud.app.ui.new_twin.containment import Node, tree
from twin2multicloud.app.ui.new_twin.desk import Desk
from twin2multicloud.app.ui.new_twin.fields_table import FieldRows
from twin2multicloud.app.ui.new_twin.form import Form, Named, Typed, options_of
from twin2multicloud.app.ui.theme import GAP
from twin2multicloud.model.parsing import Path

_MODELS: Path = ("graph", "models")
_ENTITIES: Path = ("graph", "entities")
_RELATIONSHIPS: Path = ("graph", "relationships")
_STEP_PX = 26


@ft.component
def GraphSection(desk: Desk) -> ft.Control:  # noqa: N802  components are named as Flet's controls are
    """The section."""
    return stacked(Picture(desk), EntitiesCard(desk), ModelsCard(desk), RelationshipsCard(desk))


# ── The picture ─────────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def Picture(desk: Desk) -> ft.Control:  # noqa: N802
    """What lies in what."""
    roots = tree(desk.editor)
    lines: list[ft.Control] = []
    said: list[str] = []
    for root in roots:
        _drawn(root, 0, lines, said)
    for index in range(len(desk.editor.items(*_RELATIONSHIPS))):
        at = (*_RELATIONSHIPS, index)
        source, name, target = (desk.editor.text_at(*at, key) for key in ("source", "name", "target"))
        said.append(f"{source} {name} {target}")
        lines.append(
            ft.Row(
                [
                    text.mono(source),
                    ft.Icon(ft.Icons.ARROW_RIGHT_ALT, size=16, color=ft.Colors.ON_SURFACE_VARIANT),
                    text.muted(name),
                    ft.Icon(ft.Icons.ARROW_RIGHT_ALT, size=16, color=ft.Colors.ON_SURFACE_VARIANT),
                    text.mono(target),
                ],
                spacing=6,
                wrap=True,
            )
        )
    if not lines:
        lines = [text.muted(tr("Nothing yet: say what the devices are in, such as a house and its rooms."))]
    return ft.Semantics(
        label=tr("What lies in what: {tree}", tree="; ".join(said)),
        image=True,
        container=True,
        exclude_semantics=True,
        content=cards.card(stacked(*lines, spacing=4), title=tr("What lies in what")),
    )


def _drawn(node: Node, depth: int, lines: list[ft.Control], said: list[str]) -> None:
    often = f" × {node.count:,}" if node.count > 1 else ""
    said.append(f"{node.kind}{often}" + (f" within {node.within}" if node.within else ""))
    tint = ft.Colors.PRIMARY_CONTAINER if node.device else ft.Colors.SURFACE_CONTAINER_HIGHEST
    box = ft.Container(
        ft.Row(
            [
                ft.Icon(
                    ft.Icons.SENSORS if node.device else ft.Icons.CATEGORY_OUTLINED,
                    size=15,
                    color=ft.Colors.ON_SURFACE_VARIANT,
                ),
                text.body(f"{node.kind}{often}", weight=ft.FontWeight.W_500),
                text.muted(node.name, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS, expand=True),
            ],
            spacing=6,
        ),
        padding=ft.Padding.symmetric(horizontal=10, vertical=4),
        border_radius=6,
        bgcolor=tint,
        expand=True,
    )
    row: list[ft.Control] = [ft.Container(width=_STEP_PX * depth)]
    if depth:
        row = [
            ft.Container(width=_STEP_PX * (depth - 1)),
            ft.Container(
                ft.Icon(ft.Icons.SUBDIRECTORY_ARROW_RIGHT, size=15, color=ft.Colors.ON_SURFACE_VARIANT), width=_STEP_PX
            ),
        ]
    lines.append(ft.Row([*row, box], spacing=0))
    for each in node.inner:
        _drawn(each, depth + 1, lines, said)


# ── Entities ────────────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def EntitiesCard(desk: Desk) -> ft.Control:  # noqa: N802
    """What there is besides devices."""
    editor = desk.editor
    count = len(editor.items(*_ENTITIES))

    def another() -> None:
        models = editor.mapping(*_MODELS)
        model = next(iter(models), "Room")
        taken = {editor.text_at(*_ENTITIES, index, "id") for index in range(count)}
        entity = {"id": fresh(model.lower(), taken), "model": model}
        if not models:
            editor.set((*_MODELS, model), {})
        editor.append(_ENTITIES, entity)

    rows: list[ft.Control] = [EntityRow(desk, (*_ENTITIES, index)) for index in range(count)]
    return cards.card(
        stacked(*rows, ft.Row([add(tr("Entity"), another)]), spacing=GAP + 2),
        title=tr("Entities ({count})", count=count),
        id="entities",
    )


@ft.component
def EntityRow(desk: Desk, path: Path) -> ft.Control:  # noqa: N802
    """An entity, or several by a pattern."""
    narrow = use_session().viewport.narrow
    form, editor = Form(desk), desk.editor
    gone = buttons.icon(ft.Icons.CLOSE, tr("Remove the entity"), lambda: editor.remove(path))
    models = options_of(list(editor.mapping(*_MODELS)))
    parts: list[tuple[int, ft.Control]] = [
        (4, form.line(tr("Id or pattern"), *path, "id", keep_empty=True, hint="room-{n}")),
        (3, form.choice(tr("Is a"), models, *path, "model")),
        (3, form.number(tr("Count"), *path, "count", whole=True)),
        (3, form.line(tr("Within"), *path, "within", hint="floor-*")),
    ]
    values = Typed(
        desk,
        tr("Properties"),
        lambda: editor.at(*path, "properties"),
        as_json,
        from_json,
        lambda given: editor.put((*path, "properties"), given, typed=True),
        desk.problem(*path, "properties") or desk.problem_within(*path, "properties"),
        hint='{"number": "{n}"}',
    )
    called = tr("Entity {name}", name=editor.text_at(*path, "id"))
    problem = desk.problem(*path)
    said: list[ft.Control] = [] if problem is None else [text.body(problem, color=ft.Colors.ERROR)]
    if narrow:
        inner = [each for _, each in parts]
        below = ft.Row([gone], alignment=ft.MainAxisAlignment.END)
        return text.group(called, stacked(*inner, values, below, *said, spacing=GAP))
    row = ft.Row(
        [*[ft.Container(each, expand=share) for share, each in parts], ft.Container(values, expand=5), gone],
        spacing=6,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    return text.group(called, stacked(row, *said, spacing=2))


# ── Kinds of entities ───────────────────────────────────────────────────────────────────────────────────────
@ft.component
def ModelsCard(desk: Desk) -> ft.Control:  # noqa: N802
    """What entities can be."""
    editor = desk.editor
    models = editor.mapping(*_MODELS)

    def another() -> None:
        editor.set((*_MODELS, fresh("Model", models)), {})

    rows: list[ft.Control] = [ModelRow(desk, (*_MODELS, name)) for name in models]
    return cards.card(
        stacked(*rows, ft.Row([add(tr("Kind of entity"), another)]), spacing=GAP),
        title=tr("Kinds of entities ({count})", count=len(models)),
        id="models",
    )


@ft.component
def ModelRow(desk: Desk, path: Path) -> ft.Control:  # noqa: N802
    """A kind of entity with its properties."""
    opened, set_opened = ft.use_state(False)
    editor, name = desk.editor, str(path[-1])
    properties = list(editor.mapping(*path, "properties"))
    head = ft.Row(
        [
            ft.Container(
                Named(desk, tr("Kind"), name, lambda new: changes.rename_model(editor, name, new), desk.problem(*path)),
                expand=2,
            ),
            ft.Container(
                text.muted(
                    ", ".join(properties) or tr("no properties"), no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS
                ),
                expand=3,
            ),
            buttons.icon(
                ft.Icons.EXPAND_LESS if opened else ft.Icons.EXPAND_MORE,
                tr("Less of {name}", name=name) if opened else tr("Properties of {name}", name=name),
                lambda: set_opened(not opened),
            ),
            buttons.icon(ft.Icons.CLOSE, tr("Remove {name}", name=name), lambda: editor.remove(path)),
        ],
        spacing=4,
    )
    inner: list[ft.Control] = []
    if opened:
        rows = FieldRows(desk, (*path, "properties"), tr("Property"))
        inner.append(ft.Container(rows, padding=ft.Padding.only(left=16)))
    return text.group(tr("Kind {name}", name=name), stacked(head, *inner, spacing=GAP))


# ── Relationships ───────────────────────────────────────────────────────────────────────────────────────────
@ft.component
def RelationshipsCard(desk: Desk) -> ft.Control:  # noqa: N802
    """How things relate, besides being in one another."""
    narrow = use_session().viewport.narrow
    form, editor = Form(desk), desk.editor
    count = len(editor.items(*_RELATIONSHIPS))

    def another() -> None:
        editor.append(_RELATIONSHIPS, {"source": "", "name": "supplies", "target": ""})

    rows: list[ft.Control] = []
    for index in range(count):
        at = (*_RELATIONSHIPS, index)
        fields = [
            form.line(tr("From"), *at, "source", keep_empty=True),
            form.line(tr("Is called"), *at, "name", keep_empty=True),
            form.line(tr("To"), *at, "target", keep_empty=True, hint="room-*"),
        ]
        gone = buttons.icon(ft.Icons.CLOSE, tr("Remove the relationship"), _removal(desk, at))
        problem = desk.problem(*at)
        row: ft.Control = (
            stacked(*fields, ft.Row([gone], alignment=ft.MainAxisAlignment.END), spacing=GAP)
            if narrow
            else ft.Row(
                [*[ft.Container(each, expand=1) for each in fields], gone],
                spacing=6,
                vertical_alignment=ft.CrossAxisAlignment.START,
            )
        )
        said: list[ft.Control] = [] if problem is None else [text.body(problem, color=ft.Colors.ERROR)]
        rows.append(text.group(tr("Relationship {number}", number=index + 1), stacked(row, *said, spacing=2)))
    return cards.card(
        stacked(*rows, ft.Row([add(tr("Relationship"), another)]), spacing=GAP),
        title=tr("Relationships ({count})", count=count),
        id="relationships",
    )


def _removal(desk: Desk, path: Path) -> buttons.Act:
    return lambda: desk.editor.remove(path)
