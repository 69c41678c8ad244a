"""The SQL of certificates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    String,
    and_,
    cast,
    delete,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from marketplace.blueprints.performers.certificate_policies import APPROVED
from marketplace.blueprints.performers.certificate_ports import (
    Addressee,
    CertificateRecord,
    FileState,
    Holder,
    NewCertificate,
)
from marketplace.blueprints.performers.repositories.visibility import VISIBLE
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.certificates import Certificate
from marketplace.models.performers import Performer

_QUIET = {"synchronize_session": False}
_COLUMNS: tuple[Any, ...] = (
    Certificate.id,
    Certificate.performer_id,
    Performer.user_id,
    Performer.timezone,
    Certificate.title,
    Certificate.issued_on,
    Certificate.expires_on,
    Certificate.file_key,
    Certificate.content_type,
    Certificate.size,
    Certificate.sha256,
    Certificate.status,
    Certificate.reason,
    Certificate.decided_by,
    Certificate.decided_at,
    Certificate.expired_at,
    Certificate.created_at,
    Certificate.version,
)


class SqlCertificateRepository(SqlRepository):
    """Certificates, and whether their performers are verified."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def find_holder(self, performer_id: int, *, lock: bool = False) -> Holder | None:
        """With `lock`, nobody else changes the performer or its certificates meanwhile."""
        statement = select(Performer.id, Performer.user_id, Performer.timezone, Performer.verified).where(
            Performer.id == performer_id
        )
        if lock:
            statement = statement.with_for_update(key_share=True)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else Holder(*row)

    def count(self, performer_id: int) -> int:
        """Whatever their status."""
        statement = select(Certificate.id).where(Certificate.performer_id == performer_id)
        return len(self.session.scalars(statement).all())

    def add(self, performer_id: int, new: NewCertificate, at: datetime) -> CertificateRecord:
        """As pending."""
        values = {**asdict(new), "performer_id": performer_id, "created_at": at}
        statement = insert(Certificate).values(values).returning(Certificate.id)
        return self._get(self.session.execute(statement).scalar_one())

    def find(self, certificate_id: int, *, performer_id: int | None = None) -> CertificateRecord | None:
        """With `performer_id`, only one of that performer."""
        statement = _certificates().where(Certificate.id == certificate_id)
        if performer_id is not None:
            statement = statement.where(Certificate.performer_id == performer_id)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _record(row)

    def find_file(self, certificate_id: int) -> FileState | None:
        """With who may see it."""
        active = and_(User.is_active, User.deleted_at.is_(None)).label("owner_active")
        statement = (
            select(*_COLUMNS, active, and_(*VISIBLE).label("shown"))
            .join(Performer, Performer.id == Certificate.performer_id)
            .join(User, User.id == Performer.user_id)
            .where(Certificate.id == certificate_id)
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else FileState(_record(row), row.owner_active, row.shown)

    def list_own(self, performer_id: int, page: PageRequest) -> Page[CertificateRecord]:
        """Newest first, in one query."""
        statement = (
            _certificates().where(Certificate.performer_id == performer_id).order_by(Certificate.id.desc())
        )
        return self._page(statement, page, "certificates.own", {"performer_id": performer_id})

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[CertificateRecord]:
        """Oldest first, in one query."""
        statement = _certificates().order_by(Certificate.id)
        for column, value in filters.items():
            statement = statement.where(Certificate.__table__.columns[column] == value)
        return self._page(statement, page, "admin.certificates", filters)

    def _page(
        self, statement: Select[Any], page: PageRequest, name: str, filters: Mapping[str, Any]
    ) -> Page[CertificateRecord]:
        found = fetch_page(self.session, statement, page, self._signer, name=name, filters=filters)
        return Page([_record(row) for row in found.items], found.next, found.previous)

    def list_valid(self, performer_id: int, today: date) -> list[CertificateRecord]:
        """Oldest first."""
        statement = (
            _certificates()
            .where(
                Certificate.performer_id == performer_id,
                Certificate.status == APPROVED,
                or_(Certificate.expires_on.is_(None), Certificate.expires_on >= today),
            )
            .order_by(Certificate.id)
        )
        return [_record(row) for row in self.session.execute(statement)]

    def decide(
        self, certificate_id: int, expected: str, status: str, reason: str | None, actor_id: int, at: datetime
    ) -> bool:
        """One UPDATE that looks at the status."""
        statement = (
            update(Certificate)
            .where(Certificate.id == certificate_id, Certificate.status == expected)
            .values(
                status=status,
                reason=reason,
                decided_by=actor_id,
                decided_at=at,
                version=Certificate.version + 1,
            )
            .returning(Certificate.id)
        )
        return self.session.scalar(statement, execution_options=_QUIET) is not None

    def delete(self, certificate_id: int) -> None:
        """The row alone; the file is its caller's business."""
        statement = delete(Certificate).where(Certificate.id == certificate_id)
        self.session.execute(statement, execution_options=_QUIET)

    def set_verified(self, performer_id: int, *, verified: bool) -> None:
        """The performer gets a new version."""
        statement = (
            update(Performer)
            .where(Performer.id == performer_id)
            .values(verified=verified, version=Performer.version + 1)
        )
        self.session.execute(statement, execution_options=_QUIET)

    def list_watched(
        self, last_day: date, limit: int, *, after: tuple[date, int] | None, reminded: bool | None = None
    ) -> list[CertificateRecord]:
        """By `expires_on` and id, from the partial index."""
        statement = (
            _certificates()
            .where(
                Certificate.status == literal_column("'approved'"),
                Certificate.expired_at.is_(None),
                Certificate.expires_on <= last_day,
            )
            .order_by(Certificate.expires_on, Certificate.id)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(tuple_(Certificate.expires_on, Certificate.id) > tuple_(*after))
        if reminded is not None:
            seen = Certificate.reminded_at
            statement = statement.where(seen.is_not(None) if reminded else seen.is_(None))
        return [_record(row) for row in self.session.execute(statement)]

    def mark(self, certificate_id: int, column: str, at: datetime) -> bool:
        """Once: whoever comes second gets False."""
        noted = Certificate.__table__.columns[column]
        statement = (
            update(Certificate)
            .where(Certificate.id == certificate_id, Certificate.status == APPROVED, noted.is_(None))
            .values({column: at})
            .returning(Certificate.id)
        )
        return self.session.scalar(statement, execution_options=_QUIET) is not None

    def find_addressee(self, user_id: int) -> Addressee | None:
        """None for who may not sign in, or has not confirmed the address."""
        statement = select(User.email, User.first_name, User.locale).where(
            User.id == user_id, User.is_active, User.deleted_at.is_(None), User.email_verified
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None or row.email is None else Addressee(row.email, row.first_name, row.locale)

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that a certificate has."""
        return set(self.session.scalars(select(Certificate.file_key).where(Certificate.file_key.in_(keys))))

    def forget(self, user_id: int) -> list[str]:
        """For who leaves for good; returns the keys of the files."""
        own = select(Performer.id).where(Performer.user_id == user_id)
        statement = (
            delete(Certificate).where(Certificate.performer_id.in_(own)).returning(Certificate.file_key)
        )
        return list(self.session.scalars(statement, execution_options=_QUIET))

    def list_keys(self, user_id: int) -> list[tuple[int, str]]:
        """The id of each certificate of a user, and the key of its file."""
        statement = (
            select(Certificate.id, Certificate.file_key)
            .join(Performer, Performer.id == Certificate.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(Certificate.id)
        )
        return [(certificate_id, key) for certificate_id, key in self.session.execute(statement)]

    def section(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: who decided stays out, it is a member of staff."""
        statement = (
            select(
                Certificate.id,
                Certificate.title,
                cast(Certificate.issued_on, String).label("issued_on"),
                cast(Certificate.expires_on, String).label("expires_on"),
                Certificate.content_type,
                Certificate.size,
                Certificate.sha256,
                Certificate.status,
                Certificate.reason,
                Certificate.decided_at,
                Certificate.created_at,
            )
            .join(Performer, Performer.id == Certificate.performer_id)
            .where(Performer.user_id == user_id)
            .order_by(Certificate.id)
        )
        return stream_rows(self.session, statement)

    def _get(self, certificate_id: int) -> CertificateRecord:
        found = self.find(certificate_id)
        assert found is not None
        return found


def _certificates() -> Select[Any]:
    return select(*_COLUMNS).join(Performer, Performer.id == Certificate.performer_id)


def _record(row: Row[*tuple[Any, ...]]) -> CertificateRecord:
    names = CertificateRecord.__dataclass_fields__
    return CertificateRecord(**{name: row._mapping[name] for name in names})
