"""Mails and text messages to users, in their language; sent after the commit."""

from collections.abc import Iterable
from urllib.parse import quote

from marketplace.blueprints.accounts.contracts import Addressee, MailTopic, Notifier
from marketplace.blueprints.accounts.messages import as_html, code_text, letter, restore_text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import Mailer, SmsSender

NOTICE_JOB = "accounts.notice"


class Post(Notifier):
    """`mail` and `code` deliver at once, so only jobs with an effect call them; `notify` adds a job."""

    def __init__(
        self,
        uow: UnitOfWork,
        mailer: Mailer,
        sms: SmsSender,
        topics: Iterable[MailTopic],
        app_url: str | None = None,
    ) -> None:
        self._uow = uow
        self._mailer = mailer
        self._sms = sms
        self._topics = {topic.name: topic for topic in topics}
        self._app_url = app_url

    def notify(self, user: Addressee, topic: str, *, to: str | None = None, **values: int) -> None:
        name = user.first_name if to is not None else self.name_for(user)
        to = to or user.email
        if to is None:
            return
        known = {"to": to, "topic": topic, "locale": user.locale, "name": name}
        payload: dict[str, str | int] = {**known, **values}
        self._uow.enqueue(NOTICE_JOB, payload)

    @staticmethod
    def name_for(user: Addressee) -> str:
        """The name for a mail to the user's address: empty before the address is confirmed, since a stranger
        may have written both into a form.
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
        data = dict(secrets or {})
        token = data.get("token")
        link = self._link(self._topics[topic].path, token)
        found = letter(self._topics[topic].letters, locale, confirmed=bool(name), linked=link is not None)
        if link is None:
            text = found.text.format(name=name, **values, **data)
        else:
            shown = data if token is None else {**data, "token": link}
            text = found.text.format(name=name, **values, **shown)
            text += "" if token else f"\n{link}\n"
            data["link"] = link
        html = as_html(text, locale, link)
        self._mailer.send(to=to, topic=topic, subject=found.subject, text=text, data=data, html=html)

    def _link(self, path: str, token: str | None) -> str | None:
        """The address in the app. What stands behind # is sent to no server: it is in nobody's log."""
        if self._app_url is None or not path:
            return None
        return f"{self._app_url}{path}" + (f"#token={quote(token, safe='')}" if token else "")

    def ready_for_codes(self) -> None:
        """Raises Postponed while no text message can be sent; call it before a message is paid for."""
        self._sms.ready()

    def code(self, to: str, topic: str, locale: str, code: str, minutes: int) -> None:
        """Deliver a one-time code as a text message."""
        text = code_text(locale).format(code=code, minutes=minutes)
        self._sms.send(to=to, topic=topic, text=text, data={"code": code})

    def restore_text(self, to: str, locale: str, token: str, days: int) -> None:
        """Deliver the token that takes a deletion back as a text message."""
        text = restore_text(locale).format(token=token, days=days)
        self._sms.send(to=to, topic="account_deleted", text=text, data={"token": token})
