"""Mails and text messages to users, in their language; sent after the commit."""

from marketplace.blueprints.accounts.messages import code_text, letter, restore_text
from marketplace.blueprints.accounts.ports import Mailer, SmsSender
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.accounts import User

NOTICE_JOB = "accounts.notice"


class Post:
    """`mail` and `code` deliver now, so only jobs with an effect call them; `notify` leaves a job."""

    def __init__(self, uow: UnitOfWork, mailer: Mailer, sms: SmsSender) -> None:
        self._uow = uow
        self._mailer = mailer
        self._sms = sms

    def notify(self, user: User, topic: str, *, to: str | None = None, **values: int) -> None:
        """After the commit: tell the user by mail, at the present address or at `to`. Nothing secret."""
        known = {"to": to or user.email, "topic": topic, "locale": user.locale, "name": user.first_name}
        payload: dict[str, str | int] = {**known, **values}
        self._uow.enqueue(NOTICE_JOB, payload)

    def mail(
        self,
        to: str,
        topic: str,
        locale: str,
        *,
        secrets: dict[str, str] | None = None,
        **values: str | int,
    ) -> None:
        """Deliver a mail; `secrets` are in its text, and bare in the message's data."""
        secrets = secrets or {}
        found = letter(topic, locale)
        text = found.text.format(**values, **secrets)
        self._mailer.send(to=to, topic=topic, subject=found.subject, text=text, data=secrets)

    def ready_for_codes(self) -> None:
        """Raises Postponed while no text message can be sent: to be asked before one is paid for."""
        self._sms.ready()

    def code(self, to: str, topic: str, locale: str, code: str, minutes: int) -> None:
        """Deliver a one-time code as a text message."""
        text = code_text(locale).format(code=code, minutes=minutes)
        self._sms.send(to=to, topic=topic, text=text, data={"code": code})

    def restore_text(self, to: str, locale: str, token: str, days: int) -> None:
        """Deliver the token that takes a deletion back as a text message."""
        text = restore_text(locale).format(token=token, days=days)
        self._sms.send(to=to, topic="account_deleted", text=text, data={"token": token})
