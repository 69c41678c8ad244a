"""The use cases of staff for users: list, block, sign out, give roles, act as."""

from collections.abc import Mapping, Sequence

from marketplace.blueprints.accounts.contracts import (
    UserBlocked,
    UserRolesChanged,
    UserUnblocked,
)
from marketplace.blueprints.accounts.errors import AccountBlocked, LastAdmin, NotOnSelf, NotOnStaff
from marketplace.blueprints.accounts.ports.people import UserDirectory, UserRepository, UserSearch, UserView
from marketplace.blueprints.accounts.services.sessions import Acting, Device, SessionService
from marketplace.blueprints.moderation.contracts import AuditLog, BulkDecision
from marketplace.kernel.bulk import CHANGED_SINCE, BulkOutcome, Moved, state
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.identity import ADMIN, Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User

ACTIVE = "active"
BLOCKED = "blocked"


class UserAdministration(BulkDecision):
    """Moderators decide on users who are not staff, admins on everybody, and nobody on themselves. Every act
    is audited; the last admin stays.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        users: UserRepository,
        directory: UserDirectory,
        sessions: SessionService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._users = users
        self._directory = directory
        self._sessions = sessions
        self._audit = audit
        self._clock = clock

    def list_users(self, search: UserSearch, page: PageRequest) -> Page[UserView]:
        """Newest first, including deleted ones."""
        return self._directory.list_users(search, page)

    def get(self, user_id: int) -> UserView:
        """Raises NotFound."""
        found = self._directory.find(user_id)
        if found is None:
            raise NotFound
        return found

    def block(self, actor: Principal, user_id: int, reason: str) -> UserView:
        """Block a user at once. Raises NotFound, NotOnSelf, NotOnStaff, LastAdmin."""
        return self._set_active(actor, user_id, BLOCKED, reason)

    def unblock(self, actor: Principal, user_id: int) -> UserView:
        """Unblock a user. Raises as `block`."""
        return self._set_active(actor, user_id, ACTIVE, None)

    def _set_active(self, actor: Principal, user_id: int, status: str, reason: str | None) -> UserView:
        with self._uow:
            problem = self._move(actor, [user_id], status, reason)[0][user_id]
            if problem is not None:
                raise problem
            return self.get(user_id)

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        if status == BLOCKED and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why: staff will ask."]}})
        outcome, moved = self._move(actor, ids, status, reason)
        return BulkOutcome({key: error.code if error else None for key, error in outcome.items()}, moved)

    def undo(self, moved: Sequence[Moved], actor: Principal) -> Mapping[int, str | None]:
        # Sessions that a block ended stay ended.
        wanted = {one.id: one for one in moved}
        codes: dict[int, str | None] = dict.fromkeys(wanted, NotFound.code)
        with self._uow:
            admins = self._users.lock_admins()
            back = []
            for user in self._users.lock_accounts(list(wanted)):
                problem = _objection(actor, user)
                if problem is None and admins == {user.id} and not wanted[user.id].before["is_active"]:
                    problem = LastAdmin()
                codes[user.id] = problem.code if problem else None
                if problem is None and _columns(user) != wanted[user.id].after:
                    codes[user.id] = CHANGED_SINCE
                if codes[user.id] is None:
                    back.append(wanted[user.id])
                    admins.discard(user.id)
            self._users.restore({one.id: one.before for one in back})
            entries = [(one.id, one.after, one.before) for one in back]
            self._audit.write_many("user.undone", "user", entries, actor=actor)
            blocked = [one.id for one in back if not one.before["is_active"]]
            self._sessions.end(blocked)
            self._uow.record_many([UserBlocked(user_id=user_id) for user_id in blocked])
            unblocked = [one.id for one in back if one.before["is_active"]]
            self._uow.record_many([UserUnblocked(user_id=user_id) for user_id in unblocked])
        return codes

    def _move(
        self, actor: Principal, ids: Sequence[int], status: str, reason: str | None
    ) -> tuple[dict[int, AppError | None], list[Moved]]:
        """Block or unblock users where this is allowed; returns for each id what prevented it, and what was
        changed. A user who is in that state already is left alone.
        """
        outcome: dict[int, AppError | None] = {user_id: NotFound() for user_id in ids}
        with self._uow:
            admins = self._users.lock_admins() if status == BLOCKED else set()
            moving = []
            for user in self._users.lock_accounts(ids):
                outcome[user.id] = _objection(actor, user)
                if status == BLOCKED and outcome[user.id] is None and admins and admins <= {user.id}:
                    outcome[user.id] = LastAdmin()
                if outcome[user.id] is None and user.is_active != (status == ACTIVE):
                    moving.append(user)
                    admins.discard(user.id)
            moved = [user.id for user in moving]
            if not moved:
                return outcome, []
            now = self._clock.now()
            left = state(
                is_active=status == ACTIVE,
                blocked_reason=reason,
                blocked_at=None if status == ACTIVE else now,
            )
            changes = [Moved(user.id, _columns(user), left) for user in moving]
            self._users.set_active(moved, active=status == ACTIVE, reason=reason, at=now)
            entries = [(user.id, _state(user), {"status": status}) for user in moving]
            self._audit.write_many(f"user.{status}", "user", entries, actor=actor, reason=reason)
            if status == BLOCKED:
                self._sessions.end(moved)
            kind = UserBlocked if status == BLOCKED else UserUnblocked
            self._uow.record_many([kind(user_id=user_id) for user_id in moved])
        return outcome, changes

    def sign_out(self, actor: Principal, user_id: int) -> None:
        """End all sessions of a user. Raises NotFound, NotOnStaff."""
        with self._uow:
            self._may(actor, user_id)
            count = self._sessions.end([user_id])
            self._audit.write("user.signed_out", "user", user_id, actor=actor, after={"sessions": count})

    def set_roles(self, actor: Principal, user_id: int, roles: Sequence[str]) -> UserView:
        """Give a user exactly these staff roles. Raises NotFound, NotOnSelf, LastAdmin."""
        with self._uow:
            admins = self._users.lock_admins()
            user = self._may(actor, user_id)
            wanted = sorted(set(roles))
            if user_id in admins and ADMIN not in wanted and admins == {user_id}:
                raise LastAdmin
            before = sorted(user.roles)
            if before != wanted:
                user.roles = wanted
                self._audit.write(
                    "user.roles",
                    "user",
                    user_id,
                    actor=actor,
                    before={"roles": before},
                    after={"roles": wanted},
                )
                self._uow.record(UserRolesChanged(user_id=user_id, roles=tuple(wanted)))
        return self.get(user_id)

    def act_as(self, actor: Principal, user_id: int, device: Device) -> Acting:
        """A token to see what the user sees, for policies.ACT_AS. Raises NotFound, NotOnSelf, NotOnStaff,
        AccountBlocked.
        """
        with self._uow:
            user = self._may(actor, user_id)
            if user.roles:
                raise NotOnStaff
            if not user.is_active:
                raise AccountBlocked
            self._audit.write("user.act_as", "user", user_id, actor=actor)
            return self._sessions.act_as(actor, user_id, device)

    def _may(self, actor: Principal, user_id: int) -> User:
        """The user, locked, if `actor` may decide on the user."""
        user = self._users.get(user_id, lock=True)
        problem = _objection(actor, user)
        if problem is not None:
            raise problem
        return user


def _objection(actor: Principal, user: User) -> AppError | None:
    if user.id == actor.user_id:
        return NotOnSelf()
    if user.roles and not actor.is_admin:
        return NotOnStaff()
    return None


def _columns(user: User) -> dict[str, object]:
    return state(is_active=user.is_active, blocked_reason=user.blocked_reason, blocked_at=user.blocked_at)


def _state(user: User) -> dict[str, object]:
    return {"status": ACTIVE if user.is_active else BLOCKED, "reason": user.blocked_reason}
