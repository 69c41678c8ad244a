"""Exports: asked for, made in the background, fetched by a link; and the sweep of what has served."""

from datetime import timedelta
from tempfile import TemporaryFile

from marketplace.blueprints.accounts.archives import write_archive
from marketplace.blueprints.accounts.messages import export_readme
from marketplace.blueprints.accounts.policies import (
    EXPORT_DAYS,
    EXPORT_HOURS,
    EXPORT_LINK,
    OLD_SESSIONS,
    OLD_TOKENS,
)
from marketplace.blueprints.accounts.ports import AuditLog, UserRepository
from marketplace.blueprints.accounts.privacy_ports import (
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


class ExportService:
    """Everything held on a user, in one archive. Each domain registers what it holds."""

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        exports: ExportRepository,
        links: LinkSigner,
        post: Post,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._exports = exports
        self._links = links
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

    def fetch(self, token: str) -> bytes:
        """The archive. Raises NotFound for whatever keeps it back."""
        now = self._clock.now()
        named = self._links.read(token, now)
        archive = None if named is None else self._exports.read(*named, now)
        if archive is None:
            raise NotFound
        return archive

    def build(self, export_id: int) -> None:
        """Make the archive, and tell the user. One that somebody else made or gave up is left as it is."""
        with self._uow, TemporaryFile() as file:
            user_id = self._exports.lock_pending(export_id)
            if user_id is None:
                return
            now = self._clock.now()
            until = now + timedelta(days=EXPORT_DAYS)
            user = self._users.find(user_id)
            if user is None:
                self._exports.fail(export_id, until)
                return
            readme = export_readme(user.locale).format(name=user.first_name, at=f"{now:%Y-%m-%d %H:%M} UTC")
            write_archive(file, {README: readme}, self._sections, user.id, now)
            file.seek(0)
            self._exports.finish(export_id, file.read(), now, until)
            self._post.notify(user, "export_ready", days=EXPORT_DAYS)


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
