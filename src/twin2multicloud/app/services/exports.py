"""What of a twin can be taken along: its definition, its infrastructure code, a report, its bill."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import IO, TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from twin2multicloud.app.archives import files_below, plain_name, write_zip
from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.cache_directory import CACHE
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.errors import ConflictError, UnavailableError
from twin2multicloud.app.schemas.twins import ExportKind
from twin2multicloud.app.services import connections, prices, twin_connections, twins
from twin2multicloud.app.services.homes import home_of_twin
from twin2multicloud.model.placement import Placement

if TYPE_CHECKING:
    from twin2multicloud.app.deploying.desired import Wishes

_CLOUDS: Final = "clouds"


@dataclass(frozen=True)
class Infrastructure:
    """What the infrastructure code of a twin is made from, as it was read from the database."""

    twin_id: str
    version: TwinVersion
    wishes: Wishes


def file_name(twin: str, kind: ExportKind) -> str:
    """What an export of a twin is saved as, in letters that no file system minds."""
    ends = {"terraform": "-terraform.zip", "definition": ".zip", "report": "-report.html", "bill": "-bill.csv"}
    return f"{plain_name(twin)}{ends[kind]}"


def write_definition(version: TwinVersion, name: str, target: IO[bytes]) -> None:
    """A version's definition with the files that it names, as a directory to go on with: `twin2multicloud check` and
    `optimize` take it as it is.
    """
    folder, definition = plain_name(name), f"twin.{version.format}"
    while definition in version.files:
        definition = f"_{definition}"
    files = {f"{folder}/{definition}": version.source.encode()}
    files |= {f"{folder}/{path}": text.encode() for path, text in sorted(version.files.items())}
    write_zip(target, files)


def infrastructure(session: Session, principal: Principal, twin: Twin) -> Infrastructure:
    """What the infrastructure code of a twin is made from. `ConflictError` without a placement."""
    from twin2multicloud.app.deploying.desired import Wishes  # the deployer, which most exports do not need

    version = twins.current(session, twin)
    if version.placement is None:
        raise ConflictError("this twin has no placement yet, so nobody can say what it consists of; optimize it first")
    accounts = connections.accounts_of(twin_connections.chosen(session, twin).values())
    wishes = Wishes(
        Placement.model_validate(version.placement),
        owner=principal.email if "@" in principal.email else None,
        azure_subscription=accounts.azure_subscription,
        gcp_project=accounts.gcp_project,
    )
    return Infrastructure(twin.id, version, wishes)


def write_terraform(backend: Backend, wanted: Infrastructure, name: str, target: IO[bytes]) -> None:
    """The infrastructure code as a zip: what `twin2multicloud export` writes, with the names that the twin is deployed
    under, or always the same ones before it is. Accounts that no connection names are placeholders. What deployed
    stacks put out is left out, since parts of it are secret; the scripts ask Terraform for it. Nothing is kept: where
    the twin's devices have no authority yet, the scripts make one. `UnavailableError` while others have theirs written.
    """
    from twin2multicloud.app.deploying.desired import desired  # as above
    from twin2multicloud.app.deploying.exporting import write_infrastructure
    from twin2multicloud.deployer.names import new_uid

    if not backend.exporting.acquire(blocking=False):
        raise UnavailableError(
            "others have infrastructure code written just now; ask again in a moment", details={"retry_after_s": 2}
        )
    try:
        choose = Random(wanted.twin_id).choice  # noqa: S311  the same each time is what is wanted
        uid = partial(new_uid, choose)
        home = home_of_twin(backend, wanted.twin_id, _CLOUDS)
        definition, book = twins.definition_of(wanted.version), prices.current(backend).prices
        found = desired(definition, wanted.wishes, home, book, offline=True, environ={}, uid=uid, authority=False)
        with tempfile.TemporaryDirectory(prefix="t2m-export-") as directory:
            write_infrastructure(found, Path(directory), {}, _packages(backend))
            write_zip(target, files_below(Path(directory), plain_name(name)))
    finally:
        backend.exporting.release()


def _packages(backend: Backend) -> Path:
    """Where what packages take from a package index is kept: where runs keep it, too (see `runs.environment`)."""
    from twin2multicloud.app.deploying.session import packages_cache  # as above

    environ = dict(os.environ)
    if backend.settings.auth != "local":
        environ.setdefault(CACHE, str(backend.settings.data.resolve() / "cache"))
    return packages_cache(environ)
