"""A real PostgreSQL for tests: one cluster per worker on a unix socket, one fresh database per test.

`tests/conftest.py` registers the fixtures; a test asks for `postgres_url`, or for `postgres` where it needs several
databases or a template of its own. Without PostgreSQL's binaries such tests are skipped, which CI does not accept.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

OWNER = "tester"
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
ADVICE = "`make tools` or `scripts/apt-install postgresql` brings one"
START_SECONDS = 30.0
# Nothing of a test needs to outlive the machine's power; a start and a commit are several times quicker without.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}


_RELATIONS = """
SELECT relname::text, relkind::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY nspname, relname
"""
_Shape = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]
"""Names and kinds of a database's relations, and its revision."""
_ALONE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class PostgresCluster:
    """A running server that belongs to one worker."""

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets
        self._numbers = count(1)
        self._templates: dict[str, str] = {}
        self._clean: dict[str, list[str]] = {}
        self._shapes: dict[str, _Shape] = {}

    def create(self, template: str = "template1") -> str:
        """A fresh database, a copy of the template; its SQLAlchemy URL (`postgresql+psycopg://...`)."""
        name = f"test_{next(self._numbers)}"
        with self._session() as session:
            # Without fsync, copying files is several times quicker than what became the default with version 15.
            strategy = "STRATEGY FILE_COPY" if session.info.server_version >= 150000 else ""
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {} " + strategy)
            session.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove the database, with whatever is still connected to it."""
        name = make_url(url).database or ""
        with self._session() as session:
            session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """The name of a template for `create`, made once per worker: `prepare` gets its URL, migrates, disconnects."""
        if name not in self._templates:
            url = self.create()
            prepare(url)
            self._templates[name] = make_url(url).database or ""
        return self._templates[name]

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A fresh database's URL for as long as the block lasts."""
        url = self.create(template)
        try:
            yield url
        finally:
            self.drop(url)

    @contextmanager
    def emptied(self, template: str) -> Iterator[str]:
        """As `database`, but perhaps one that was used before and is again as the template is: making one and removing
        it takes longer than most tests. The template has no rows but its revision.
        """
        clean = self._clean.setdefault(template, [])
        url = clean.pop() if clean else self.create(template)
        try:
            yield url
        finally:
            if self._empty(url, template):
                clean.append(url)
            else:
                self.drop(url)

    def _empty(self, url: str, template: str) -> bool:
        """Take out all rows and whoever is connected; False where its tables are not those of the template."""
        if template not in self._shapes:
            with self._session(template) as session:
                self._shapes[template] = _shape(session)
        with self._session(make_url(url).database or "") as session:
            session.execute(_ALONE)
            if _shape(session) != self._shapes[template]:
                return False
            found, _ = self._shapes[template]
            tables = [table for table, kind in found if kind == "r" and table != "alembic_version"]
            queries = [
                sql.SQL("(SELECT {} WHERE EXISTS (SELECT 1 FROM {}))").format(sql.Literal(table), sql.Identifier(table))
                for table in tables
            ]
            used = [table for (table,) in session.execute(sql.SQL(" UNION ALL ").join(queries)).fetchall()]
            if used:
                some = sql.SQL(", ").join(map(sql.Identifier, used))
                session.execute(sql.SQL("TRUNCATE {} CASCADE").format(some))
            for sequence in (each for each, kind in found if kind == "S"):
                session.execute("SELECT setval(%s::regclass, 1, false)", [sequence])
        return True

    def _url(self, database: str) -> str:
        url = URL.create("postgresql+psycopg", OWNER, database=database, query={"host": str(self._sockets)})
        return url.render_as_string(hide_password=False)

    def _session(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets), user=OWNER, dbname=database, autocommit=True, connect_timeout=10
        )


def _shape(session: psycopg.Connection) -> _Shape:
    relations = session.execute(_RELATIONS).fetchall()
    return relations, session.execute("SELECT version_num FROM alembic_version").fetchall()


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresCluster]:
    """This worker's PostgreSQL."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip(f"no PostgreSQL on this machine ({ADVICE})")
    account = _account()
    # Not below pytest's own directory: that is closed to other accounts, and too long for a socket's name.
    home = Path(tempfile.mkdtemp(prefix="t2mc-pg-"))
    try:
        if account is not None:
            os.chown(home, account, pwd.getpwuid(account).pw_gid)
            home.chmod(0o755)
        with _running(binaries, home, account) as cluster:
            yield cluster
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: PostgresCluster) -> Generator[str]:
    """A fresh, empty database's SQLAlchemy URL."""
    with postgres.database() as url:
        yield url


def _binaries() -> Path | None:
    """The directory of `initdb` and `postgres`: of the command on the path, else of the newest version installed."""
    found = shutil.which("postgres")
    if found is not None:
        return Path(found).resolve().parent
    installed = [
        path for place in PLACES for path in Path("/").glob(place.removeprefix("/")) if (path / "postgres").exists()
    ]
    return max(installed, key=_version, default=None)


def _version(binaries: Path) -> int:
    digits = "".join(filter(str.isdigit, binaries.parent.name))
    return int(digits or 0)


def _account() -> int | None:
    """Whom to run the server as: PostgreSQL refuses root. None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no account postgres or nobody")


@contextmanager
def _running(binaries: Path, home: Path, account: int | None) -> Iterator[PostgresCluster]:
    group = None if account is None else pwd.getpwuid(account).pw_gid
    data = home / "data"
    made = subprocess.run(
        [binaries / "initdb", "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
        user=account,
        group=group,
        cwd=home,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        pytest.fail(f"initdb failed: {made.stderr}")
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    log = home / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", home, *settings],
            user=account,
            group=group,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_us,
        ) as server,
    ):
        try:
            _wait(server, home, log)
            yield PostgresCluster(home)
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(START_SECONDS)


def _end_with_us() -> None:
    """A worker that is killed takes its server along (Linux; elsewhere the server would have to be ended by hand)."""
    set_parent_death_signal = getattr(ctypes.CDLL(None), "prctl", None)
    if set_parent_death_signal is not None:
        set_parent_death_signal(1, signal.SIGQUIT)


def _wait(server: subprocess.Popen[bytes], home: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(host=str(home), user=OWNER, dbname="postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text()}")
