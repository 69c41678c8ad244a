"""The SQL of proofs of identity: mailed tokens, texted codes, second factors, daily limits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, case, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from marketplace.blueprints.accounts.ports.proofs import (
    BudgetRepository,
    CodeRepository,
    Factor,
    SecondFactorRepository,
    SentCode,
    TokenRepository,
)
from marketplace.database.repository import SqlRepository
from marketplace.models.accounts import Budget, OneTimeCode, OneTimeToken, RecoveryCode, SecondFactor


class SqlTokenRepository(SqlRepository, TokenRepository):
    def add(self, token: OneTimeToken) -> None:
        self.void(token.user_id, [token.purpose])
        self.session.add(token)
        self.session.flush()

    def find(self, purposes: Sequence[str], token_hash: bytes, at: datetime) -> OneTimeToken | None:
        statement = select(OneTimeToken).where(
            OneTimeToken.token_hash == token_hash,
            OneTimeToken.purpose.in_(purposes),
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > at,
        )
        return self.session.execute(statement).scalar_one_or_none()

    def use(self, purposes: Sequence[str], token_hash: bytes, at: datetime) -> OneTimeToken | None:
        statement = (
            update(OneTimeToken)
            .where(
                OneTimeToken.token_hash == token_hash,
                OneTimeToken.purpose.in_(purposes),
                OneTimeToken.used_at.is_(None),
                OneTimeToken.expires_at > at,
            )
            .values(used_at=at)
            .returning(OneTimeToken)
        )
        return self.session.execute(statement).scalar_one_or_none()

    def void(self, user_id: int, purposes: Sequence[str]) -> None:
        statement = delete(OneTimeToken).where(
            OneTimeToken.user_id == user_id,
            OneTimeToken.purpose.in_(purposes),
            OneTimeToken.used_at.is_(None),
        )
        self.write(statement)

    def purge(self, before: datetime) -> None:
        self.write(delete(OneTimeToken).where(OneTimeToken.expires_at < before))


_CODE: tuple[Any, ...] = (
    OneTimeCode.id,
    OneTimeCode.phone,
    OneTimeCode.purpose,
    OneTimeCode.user_id,
    OneTimeCode.nonce,
    OneTimeCode.version,
)


class SqlCodeRepository(SqlRepository, CodeRepository):
    """Codes sent to phones: one row for each phone, purpose and (for a new phone) user."""

    def replace(
        self, phone: str, purpose: str, user_id: int | None, nonce: bytes, now: datetime, expires_at: datetime
    ) -> SentCode:
        fresh = {"nonce": nonce, "created_at": now, "expires_at": expires_at}
        statement = (
            upsert(OneTimeCode)
            .values(phone=phone, purpose=purpose, user_id=user_id, **fresh)
            .on_conflict_do_update(
                index_elements=[OneTimeCode.phone, OneTimeCode.purpose, text("coalesce(user_id, 0)")],
                set_={**fresh, "tries": 0, "used_at": None, "version": OneTimeCode.version + 1},
            )
            .returning(*_CODE)
        )
        return _code(self.session.execute(statement).one())

    def find(self, code_id: int, version: int, now: datetime) -> SentCode | None:
        statement = select(*_CODE).where(
            OneTimeCode.id == code_id,
            OneTimeCode.version == version,
            OneTimeCode.used_at.is_(None),
            OneTimeCode.expires_at > now,
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _code(row)

    def take_try(
        self, phone: str, purpose: str, user_id: int | None, now: datetime, max_tries: int
    ) -> SentCode | None:
        statement = (
            update(OneTimeCode)
            .where(
                OneTimeCode.phone == phone,
                OneTimeCode.purpose == purpose,
                func.coalesce(OneTimeCode.user_id, text("0")) == (user_id or 0),
                OneTimeCode.used_at.is_(None),
                OneTimeCode.expires_at > now,
                OneTimeCode.tries < max_tries,
            )
            .values(tries=OneTimeCode.tries + 1)
            .returning(*_CODE)
        )
        row = self.write(statement).one_or_none()
        return None if row is None else _code(row)

    def use(self, code: SentCode, now: datetime) -> bool:
        statement = (
            update(OneTimeCode)
            .where(
                OneTimeCode.id == code.id,
                OneTimeCode.version == code.version,
                OneTimeCode.used_at.is_(None),
                OneTimeCode.expires_at > now,
            )
            .values(used_at=now)
            .returning(OneTimeCode.id)
        )
        return self.write(statement).scalar() is not None

    def void(self, user_id: int, phone: str | None) -> None:
        statement = delete(OneTimeCode).where(or_(OneTimeCode.user_id == user_id, OneTimeCode.phone == phone))
        self.write(statement)

    def purge(self, before: datetime) -> None:
        self.write(delete(OneTimeCode).where(OneTimeCode.expires_at < before))


def _code(row: Row[Any]) -> SentCode:
    return SentCode(**row._mapping)


class SqlBudgetRepository(SqlRepository, BudgetRepository):
    def spend(self, scope: str, key: bytes, day: date, limit: int, amount: int = 1) -> bool:
        statement = (
            upsert(Budget)
            .values(scope=scope, key=key, day=day, spent=amount)
            .on_conflict_do_update(
                index_elements=[Budget.scope, Budget.key, Budget.day],
                set_={"spent": Budget.spent + amount},
                where=Budget.spent <= limit - amount,
            )
            .returning(Budget.spent)
        )
        return amount <= limit and self.session.scalar(statement) is not None

    def refund(self, scope: str, key: bytes, day: date) -> None:
        statement = (
            update(Budget)
            .where(Budget.scope == scope, Budget.key == key, Budget.day == day, Budget.spent > 0)
            .values(spent=Budget.spent - 1)
        )
        self.write(statement)

    def purge(self, before: date) -> None:
        self.write(delete(Budget).where(Budget.day < before))


class SqlSecondFactorRepository(SqlRepository, SecondFactorRepository):
    def begin(self, user_id: int, secret: bytes) -> bool:
        statement = (
            upsert(SecondFactor)
            .values(user_id=user_id, secret=secret)
            .on_conflict_do_update(
                index_elements=[SecondFactor.user_id],
                set_={"secret": secret, "last_step": None},
                where=SecondFactor.confirmed_at.is_(None),
            )
            .returning(SecondFactor.user_id)
        )
        return self.session.scalar(statement) is not None

    def is_on(self, user_id: int) -> bool:
        statement = select(SecondFactor.user_id).where(
            SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
        )
        return self.session.scalar(statement) is not None

    def exists(self, user_id: int) -> bool:
        statement = select(SecondFactor.user_id).where(SecondFactor.user_id == user_id)
        return self.session.scalar(statement) is not None

    def take_try(self, user_id: int, now: datetime, max_failures: int, since: datetime) -> Factor | None:
        fresh = or_(SecondFactor.failures_since.is_(None), SecondFactor.failures_since <= since)
        statement = (
            update(SecondFactor)
            .where(SecondFactor.user_id == user_id, or_(fresh, SecondFactor.failures < max_failures))
            .values(
                failures=case((fresh, 1), else_=SecondFactor.failures + 1),
                failures_since=case((fresh, literal(now)), else_=SecondFactor.failures_since),
            )
            .returning(SecondFactor.secret, SecondFactor.confirmed_at, SecondFactor.last_step)
        )
        row = self.write(statement).one_or_none()
        return None if row is None else Factor(row.secret, row.confirmed_at is not None, row.last_step)

    def accept(self, user_id: int, step: int | None) -> None:
        values: dict[str, object] = {"failures": 0, "failures_since": None}
        if step is not None:
            values["last_step"] = step
        statement = update(SecondFactor).where(SecondFactor.user_id == user_id).values(**values)
        self.write(statement)

    def confirm(self, user_id: int, now: datetime) -> None:
        statement = update(SecondFactor).where(SecondFactor.user_id == user_id).values(confirmed_at=now)
        self.write(statement)

    def remove(self, user_id: int) -> bool:
        self.set_recovery_codes(user_id, ())
        statement = (
            delete(SecondFactor).where(SecondFactor.user_id == user_id).returning(SecondFactor.user_id)
        )
        return self.write(statement).scalar() is not None

    def set_recovery_codes(self, user_id: int, hashes: Sequence[bytes]) -> None:
        self.write(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
        if hashes:
            rows = [{"user_id": user_id, "code_hash": code_hash} for code_hash in hashes]
            self.session.execute(insert(RecoveryCode), rows)

    def use_recovery_code(self, user_id: int, code_hash: bytes, now: datetime) -> bool:
        statement = (
            update(RecoveryCode)
            .where(
                RecoveryCode.user_id == user_id,
                RecoveryCode.code_hash == code_hash,
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(RecoveryCode.id)
        )
        return self.write(statement).scalar() is not None
