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
        """After the commit: tell the user by mail, at the present address if there is one, or at `to`, which
        was confirmed. Nothing secret.
        """
        name = user.first_name if to is not None else self.name_for(user)
        to = to or user.email
        if to is None:
            return
        known = {"to": to, "topic": topic, "locale": user.locale, "name": name}
        payload: dict[str, str | int] = {**known, **values}
        self._uow.enqueue(NOTICE_JOB, payload)

    @staticmethod
    def name_for(user: User) -> str:
        """What a mail to the user's address may call the user: nothing before the address is confirmed, since
        a stranger may have written both into a form.
        """
        return user.first_name if user.email_verified else ""

    def mail(
        self,
        to: str,
        topic: str,
        locale: str,
        *,
        name: str = "",
        secrets: dict[str, str] | None = None,
        **values: str | int,
    ) -> None:
        """Deliver a mail; `secrets` are in its text, and bare in the message's data. Without a name it goes
        to an address that nobody has confirmed, and says what to do for who did not ask for it.
        """
        secrets = secrets or {}
        found = letter(topic, locale, confirmed=bool(name))
        text = found.text.format(name=name, **values, **secrets)
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
