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

from marketplace.blueprints.certificates.contracts import NewCertificate
from marketplace.blueprints.certificates.policies import APPROVED
from marketplace.blueprints.certificates.ports import (
    CertificateFilter,
    CertificateRecord,
    CertificateRepository,
    FileState,
    Holder,
)
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.certificates import Certificate
from marketplace.models.performers import Performer
from marketplace.models.visibility import PERFORMER_IS_PUBLIC

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


class SqlCertificateRepository(SqlRepository, CertificateRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def find_holder(self, performer_id: int, *, lock: bool = False) -> Holder | None:
        statement = select(Performer.id, Performer.user_id, Performer.timezone).where(
            Performer.id == performer_id
        )
        if lock:
            statement = statement.with_for_update(key_share=True)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else Holder(*row)

    def count(self, performer_id: int) -> int:
        statement = select(Certificate.id).where(Certificate.performer_id == performer_id)
        return len(self.session.scalars(statement).all())

    def add(self, performer_id: int, new: NewCertificate, at: datetime) -> CertificateRecord:
        values = {**asdict(new), "performer_id": performer_id, "created_at": at}
        statement = insert(Certificate).values(values).returning(Certificate.id)
        return self._get(self.session.execute(statement).scalar_one())

    def find(self, certificate_id: int, *, performer_id: int | None = None) -> CertificateRecord | None:
        statement = _certificates().where(Certificate.id == certificate_id)
        if performer_id is not None:
            statement = statement.where(Certificate.performer_id == performer_id)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _record(row)

    def find_file(self, certificate_id: int) -> FileState | None:
        active = and_(User.is_active, User.deleted_at.is_(None)).label("owner_active")
        statement = (
            select(*_COLUMNS, active, PERFORMER_IS_PUBLIC.label("shown"))
            .join(Performer, Performer.id == Certificate.performer_id)
            .join(User, User.id == Performer.user_id)
            .where(Certificate.id == certificate_id)
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else FileState(_record(row), row.owner_active, row.shown)

    def list_own(self, performer_id: int, page: PageRequest) -> Page[CertificateRecord]:
        statement = (
            _certificates().where(Certificate.performer_id == performer_id).order_by(Certificate.id.desc())
        )
        return self._page(statement, page, "certificates.own", {"performer_id": performer_id})

    def list_all(self, page: PageRequest, wanted: CertificateFilter) -> Page[CertificateRecord]:
        statement = _certificates().order_by(Certificate.id)
        if wanted.status is not None:
            statement = statement.where(Certificate.status == wanted.status)
        if wanted.performer_id is not None:
            statement = statement.where(Certificate.performer_id == wanted.performer_id)
        return self._page(statement, page, "admin.certificates", asdict(wanted))

    def _page(
        self, statement: Select[Any], page: PageRequest, name: str, filters: Mapping[str, Any]
    ) -> Page[CertificateRecord]:
        found = fetch_page(self.session, statement, page, self._signer, name=name, filters=filters)
        return Page([_record(row) for row in found.items], found.next, found.previous)

    def list_valid(self, performer_id: int, today: date) -> list[CertificateRecord]:
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
        return self.write(statement).scalar() is not None

    def delete(self, certificate_id: int) -> None:
        statement = delete(Certificate).where(Certificate.id == certificate_id)
        self.write(statement)

    def list_watched(
        self, last_day: date, limit: int, *, after: tuple[date, int] | None, reminded: bool | None = None
    ) -> list[CertificateRecord]:
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
        noted = Certificate.__table__.columns[column]
        statement = (
            update(Certificate)
            .where(Certificate.id == certificate_id, Certificate.status == APPROVED, noted.is_(None))
            .values({column: at})
            .returning(Certificate.id)
        )
        return self.write(statement).scalar() is not None

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        return set(self.session.scalars(select(Certificate.file_key).where(Certificate.file_key.in_(keys))))

    def forget(self, user_id: int) -> list[str]:
        own = select(Performer.id).where(Performer.user_id == user_id)
        statement = (
            delete(Certificate).where(Certificate.performer_id.in_(own)).returning(Certificate.file_key)
        )
        return list(self.write(statement).scalars())

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
        """For an export: without who decided, because that is a member of staff."""
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
