"""Exports: asked for, made in the background, fetched by a link; and the sweep of what has served."""

from datetime import datetime, timedelta
from itertools import islice
from tempfile import TemporaryFile

from marketplace.blueprints.accounts.archives import Archive, chunks
from marketplace.blueprints.accounts.messages import export_readme
from marketplace.blueprints.accounts.policies import (
    EXPORT_DAYS,
    EXPORT_HOURS,
    EXPORT_LINK,
    OLD_SESSIONS,
    OLD_TOKENS,
)
from marketplace.blueprints.accounts.ports import AuditLog, FileStore, UserRepository
from marketplace.blueprints.accounts.privacy_ports import (
    Download,
    ExportFile,
    ExportRepository,
    ExportSection,
    ExportView,
    LinkSigner,
    Purgeable,
)
from marketplace.blueprints.accounts.services.budgets import Budgets
from marketplace.blueprints.accounts.services.post import Post
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

EXPORT_JOB = "accounts.export"
README = "README.txt"
FOLDER = "private/exports"
ZIP = "application/zip"
LEFT_ALONE = timedelta(days=1)
"""An archive that no export has yet may be in the making."""
BATCH = 500
MAX_DIGITS = 19
"""Of an id."""


class ExportService:
    """Everything held on a user, in one archive. Each domain registers what it holds."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        exports: ExportRepository,
        links: LinkSigner,
        files: FileStore,
        post: Post,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._exports = exports
        self._links = links
        self._files = files
        self._post = post
        self._audit = audit
        self._clock = clock
        self._sections: list[ExportSection] = []

    def register(self, section: ExportSection) -> None:
        """Raises ValueError for a name that is taken."""
        if any(known.name == section.name for known in self._sections):
            raise ValueError(f"the export's section {section.name!r} is registered twice")
        self._sections.append(section)

    def ask(self, caller: Principal) -> ExportView:
        """The caller's export that is in the making: a new one, unless there is one already."""
        with self._uow:
            # Locked, so that of many at once one begins it and the others see it.
            user = self._users.get(caller.user_id, lock=True)
            pending = self._exports.find_pending(user.id)
            if pending is not None:
                return pending
            made = self._exports.start(user.id, self._clock.now())
            self._uow.enqueue(EXPORT_JOB, {"export_id": made.id})
            self._audit.write("user.export", "user", user.id, actor=caller)
            return made

    def get(self, caller: Principal) -> tuple[ExportView, str | None]:
        """The caller's newest export, and the token that fetches it while it is ready. Raises NotFound."""
        now = self._clock.now()
        found = self._exports.find_newest(caller.user_id, now)
        if found is None:
            raise NotFound
        if found.status != "ready":
            return found, None
        return found, self._links.sign(found.id, found.user_id, now + EXPORT_LINK)

    def fetch(self, token: str) -> Download:
        """The archive; no transaction is open while it is read. Raises NotFound for whatever keeps it back,
        Unavailable.
        """
        now = self._clock.now()
        named = self._links.read(token, now)
        if named is None:
            raise NotFound
        with self._uow:
            archive = self._exports.read(*named, now)
        if archive is None:
            raise NotFound
        if archive:
            return Download(len(archive), iter([archive]))
        key = _key(named[0])
        size = self._files.find_size(key)
        if size is None:
            raise NotFound
        return Download(size, chunks(self._files, key, size))

    def build(self, export_id: int) -> None:
        """Make the archive, and tell the user. One that somebody else made or gave up is left as it is.

        The rows are of one moment. Files are copied after that transaction, from storage to storage by way of
        a temporary file. Raises Unavailable, StorageFull; whoever tries again writes over what there is.
        """
        now = self._clock.now()
        until = now + timedelta(days=EXPORT_DAYS)
        with TemporaryFile() as file:
            with Archive(file, now) as archive:
                with self._uow:
                    wanted = self._add_rows(archive, export_id, now, until)
                if wanted is None:
                    return
                for one in wanted:
                    archive.add_file(self._files, one)
            file.seek(0)
            self._files.put_file(_key(export_id), file, ZIP)
        with self._uow:
            user_id = self._exports.lock_pending(export_id)
            user = None if user_id is None else self._users.find(user_id)
            if user is None:
                # Given up, deleted or finished by another meanwhile; a file that nobody needs is swept away.
                return
            self._exports.finish(export_id, now, until)
            self._post.notify(user, "export_ready", days=EXPORT_DAYS)

    def _add_rows(
        self, archive: Archive, export_id: int, now: datetime, until: datetime
    ) -> list[ExportFile] | None:
        """All rows; the files that are still to come, None when there is nothing to make."""
        user_id = self._exports.find_pending_owner(export_id)
        if user_id is None:
            return None
        user = self._users.find(user_id)
        if user is None:
            self._exports.fail(export_id, until)
            return None
        readme = export_readme(user.locale).format(name=user.first_name, at=f"{now:%Y-%m-%d %H:%M} UTC")
        archive.add_text(README, readme)
        wanted: list[ExportFile] = []
        for section in self._sections:
            archive.add_rows(section.name, section.collect(user_id))
            wanted.extend(section.files(user_id))
        return wanted

    def sweep(self) -> int:
        """Delete the archives that no export has any more; returns how many."""
        before = self._clock.now() - LEFT_ALONE
        old = (file.key for file in self._files.list_files(FOLDER) if file.changed_at < before)
        count = 0
        while keys := list(islice(old, BATCH)):
            ids = {key: _id_of(key) for key in keys}
            with self._uow:
                used = self._exports.existing([found for found in ids.values() if found is not None])
            for key, found in ids.items():
                if found not in used:
                    self._files.delete(key)
                    count += 1
        return count


def _key(export_id: int) -> str:
    # Always the same place: whoever makes it again leaves no second one.
    return f"{FOLDER}/{export_id}.zip"


def _id_of(key: str) -> int | None:
    """None for what is none of ours, or half stored."""
    name = key.rpartition("/")[2].removesuffix(".zip")
    return int(name) if name.isdecimal() and len(name) < MAX_DIGITS else None


class Sweeper:
    """Removes what has served its time."""

    def __init__(
        self,
        uow: UnitOfWork,
        exports: ExportRepository,
        codes: Purgeable,
        tokens: Purgeable,
        sessions: Purgeable,
        budgets: Budgets,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._exports = exports
        self._codes = codes
        self._tokens = tokens
        self._sessions = sessions
        self._budgets = budgets
        self._clock = clock

    def sweep(self) -> None:
        """All that is over by now; exports that nobody finished are given up."""
        with self._uow:
            now = self._clock.now()
            self._codes.purge(now)
            self._tokens.purge(now - OLD_TOKENS)
            self._sessions.purge(now - OLD_SESSIONS)
            self._budgets.purge()
            self._exports.purge(now)
            self._exports.fail_pending(now - timedelta(hours=EXPORT_HOURS), now + timedelta(days=EXPORT_DAYS))
