"""Copies of people's data: requested, made in the background, fetched by a link, swept away."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from tempfile import TemporaryFile

from marketplace.blueprints.accounts.contracts import Notifier, Users
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.privacy.messages import EXPORT_READY, export_readme
from marketplace.blueprints.privacy.policies import EXPORT_DAYS, EXPORT_HOURS, EXPORT_LINK
from marketplace.blueprints.privacy.ports import (
    Download,
    ExportRepository,
    ExportView,
    LinkSigner,
)
from marketplace.blueprints.privacy.services.archives import Archive, chunks
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.personal_data import ExportFile, ExportSection
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import FileStore
from marketplace.outside.sweeping import sweep

EXPORT_JOB = "accounts.export"
README = "README.txt"
FOLDER = "private/exports"
ZIP = "application/zip"
MAX_DIGITS = 19
"""The limit for the digits of an id."""


class ExportService:
    """Puts everything held on a user into one archive; each domain gives its sections."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: Users,
        exports: ExportRepository,
        links: LinkSigner,
        files: FileStore,
        notifier: Notifier,
        audit: AuditLog,
        clock: Clock,
        sections: Iterable[ExportSection],
    ) -> None:
        self._uow = uow
        self._users = users
        self._exports = exports
        self._links = links
        self._files = files
        self._notifier = notifier
        self._audit = audit
        self._clock = clock
        self._sections = tuple(sections)

    def ask(self, caller: Principal) -> ExportView:
        """The caller's unfinished copy, or a new one if there is none."""
        with self._uow:
            # Locked, so that one of several concurrent callers starts it and the others see it.
            user = self._users.get(caller.user_id, lock=True)
            pending = self._exports.find_pending(user.id)
            if pending is not None:
                return pending
            made = self._exports.start(user.id, self._clock.now())
            self._uow.enqueue(EXPORT_JOB, {"export_id": made.id})
            self._audit.write("user.export", "user", user.id, actor=caller)
            return made

    def get(self, caller: Principal) -> tuple[ExportView, str | None]:
        """The caller's newest copy, with the token that fetches it while it is ready. Raises NotFound."""
        now = self._clock.now()
        found = self._exports.find_newest(caller.user_id, now)
        if found is None:
            raise NotFound
        if found.status != "ready":
            return found, None
        return found, self._links.sign(found.id, found.user_id, now + EXPORT_LINK)

    def fetch(self, token: str) -> Download:
        """The archive; no transaction is open while it is read. Raises Unavailable, and NotFound for whatever
        prevents it.
        """
        now = self._clock.now()
        named = self._links.read(token, now)
        if named is None:
            raise NotFound
        with self._uow:
            is_ready = self._exports.is_ready(*named, now)
        if not is_ready:
            raise NotFound
        key = _key(named[0])
        size = self._files.find_size(key)
        if size is None:
            raise NotFound
        return Download(size, chunks(self._files, key, size))

    def build(self, export_id: int) -> None:
        """Make the archive, and tell the user. A copy that somebody else finished or gave up is left as it
        is.

        All rows are read at one moment. Files are copied after that transaction, from storage to storage by
        way of a temporary file. Raises Unavailable, StorageFull; a new try overwrites what there is.
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
                # The copy was given up, deleted or finished by another meanwhile; the sweep deletes a file
                # that nobody needs.
                return
            self._exports.finish(export_id, now, until)
            self._notifier.notify(user, EXPORT_READY.name, days=EXPORT_DAYS)

    def _add_rows(
        self, archive: Archive, export_id: int, now: datetime, until: datetime
    ) -> list[ExportFile] | None:
        """Add all rows; returns the files that are still to come, or None when there is nothing to make."""
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

    def discard(self, user_id: int) -> None:
        """Delete the copies of a user: their links need no session, and other people may have them."""
        with self._uow:
            self._exports.discard(user_id)

    def sweep(self) -> int:
        """Delete copies that have expired, give up unfinished ones, and delete archives that belong to no
        copy; returns how many archives.
        """
        now = self._clock.now()
        with self._uow:
            self._exports.purge(now)
            self._exports.fail_pending(now - timedelta(hours=EXPORT_HOURS), now + timedelta(days=EXPORT_DAYS))
        return sweep(self._uow, self._files, FOLDER, now, self._keys_in_use)

    def _keys_in_use(self, keys: Sequence[str]) -> set[str]:
        ids = {key: _id_of(key) for key in keys}
        existing = self._exports.existing([found for found in ids.values() if found is not None])
        return {key for key, found in ids.items() if found in existing}


def _key(export_id: int) -> str:
    # Always the same key, so that making it again leaves no second file.
    return f"{FOLDER}/{export_id}.zip"


def _id_of(key: str) -> int | None:
    """The id in a key; None for a key of another form, such as a half-stored file."""
    name = key.rpartition("/")[2].removesuffix(".zip")
    return int(name) if name.isdecimal() and len(name) < MAX_DIGITS else None
