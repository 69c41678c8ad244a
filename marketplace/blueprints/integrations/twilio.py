"""Text messages by Twilio: the Messages resource of its REST API, version 2010-04-01."""

import json
import logging
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout, make_headers

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
MAX_ANSWER = 64 * 1024
SERVICE_PREFIX = "MG"
"""A sender of this form is a messaging service, which picks the number by itself."""
_TRANSIENT = {408, 425, 429}


class TwilioUnavailable(OSError):
    """The message was not taken, and another try may help."""


class TwilioSms:
    """`sender` is a number in E.164, a name of letters, or the id of a messaging service (`MG...`).

    `url` is where the API is; `connect` and `read` are in seconds. Certificates are checked, redirections not
    followed, and nothing is tried twice here: the outbox does that.
    """

    def __init__(
        self,
        account: str,
        token: str,
        sender: str,
        *,
        url: str,
        connect: float = CONNECT_SECONDS,
        read: float = READ_SECONDS,
    ) -> None:
        self._url = f"{url.rstrip('/')}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
        self._sender = {"MessagingServiceSid" if sender.startswith(SERVICE_PREFIX) else "From": sender}
        self._headers = {
            **make_headers(basic_auth=f"{account}:{token}", user_agent="marketplace"),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._pool = urllib3.PoolManager(timeout=Timeout(connect=connect, read=read), retries=False)

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:  # noqa: ARG002 - data is for programs that read the outbox
        """Hand the message to the provider.

        Raises TwilioUnavailable when it does not answer in time or says that it cannot now. A message that
        will never be taken (no such number, a recipient who opted out) is logged and done with.
        """
        status, answer = self._post({"To": to, "Body": text, **self._sender})
        if status in {200, 201}:
            log.info("text message sent", extra={"topic": topic})
            return
        code = answer.get("code")
        reason = code if isinstance(code, int) else None
        if status in _TRANSIENT or not 400 <= status < 500 or status in {401, 403, 404}:  # noqa: PLR2004 - the class of client errors
            # 401, 403 and 404 are of our settings, not of the message: it waits until they are mended.
            raise TwilioUnavailable(f"the provider of text messages answered {status} (code {reason})")
        log.warning(
            "text message refused by the provider",
            extra={"topic": topic, "status": status, "provider_code": reason},
        )

    def _post(self, fields: dict[str, str]) -> tuple[int, dict[str, object]]:
        try:
            answer = self._pool.urlopen(
                "POST",
                self._url,
                body=urlencode(fields),
                headers=self._headers,
                preload_content=False,
                redirect=False,
            )
            try:
                raw = answer.read(MAX_ANSWER)
            finally:
                # Not back into the pool: what was not read would meet the next answer.
                answer.close()
        except HTTPError as error:
            # Its text names the address, and with it the account.
            raise TwilioUnavailable(
                f"the provider of text messages does not answer: {type(error).__name__}"
            ) from None
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        return answer.status, found if isinstance(found, dict) else {}
