"""Text messages by Twilio: the Messages resource of its REST API, version 2010-04-01."""

import json
import logging
import re
import ssl
import time
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout, make_headers

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5.0
MAX_ANSWER = 64 * 1024
# The form of a service's id, which no name can have: names have at most 11 characters.
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_TAKEN = {200, 201}
_SETTINGS = {401, 403, 404}
_TRANSIENT = {408, 429}


class TwilioUnavailable(OSError):
    """The message was not accepted, and another try may succeed."""


class TwilioSms:
    """`sender` is a number in E.164, a name of letters, or the id of a messaging service (`MG...`), which
    picks the number by itself.

    `url` is the address of the API; `timeout` is in seconds, for the connection and the answer together;
    `trust` is the set of trusted certificates, the system's by default. Redirections are not followed, and
    nothing is retried here: the outbox does that.
    """

    def __init__(
        self,
        account: str,
        token: str,
        sender: str,
        *,
        url: str,
        timeout: float = TIMEOUT_SECONDS,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._url = f"{url.rstrip('/')}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
        self._sender = {"MessagingServiceSid" if _SERVICE.fullmatch(sender) else "From": sender}
        self._headers = {
            **make_headers(basic_auth=f"{account}:{token}", user_agent="marketplace"),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._timeout = timeout
        self._pool = urllib3.PoolManager(
            timeout=Timeout(total=timeout), retries=False, ssl_context=trust or ssl.create_default_context()
        )

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:  # noqa: ARG002 - data is for programs that read the outbox
        """Pass the message to the provider.

        Raises TwilioUnavailable when it does not answer in time or answers that it cannot now. A refusal (no
        such number, a recipient who opted out, wrong credentials) is logged and not retried: of the client
        errors only 408 and 429 are worth another try (RFC 9110, 15.5.9; Twilio, Handling REST API Error Codes
        and Implementing Retry Logic).
        """
        status, code = self._post({"To": to, "Body": text, **self._sender})
        if status in _TAKEN:
            log.info("text message sent", extra={"topic": topic})
            return
        if status in _TRANSIENT or not 400 <= status < 500:  # noqa: PLR2004 - the class of client errors
            raise TwilioUnavailable(f"the provider of text messages answered {status} (code {code})")
        log.log(
            # Wrong settings stop every message: an operator has to learn of it.
            logging.ERROR if status in _SETTINGS else logging.WARNING,
            "text message refused by the provider",
            extra={"topic": topic, "status": status, "provider_code": code},
        )

    def ready(self) -> None:
        """Always ready by itself; the circuit breaker around it may raise Postponed."""

    def _post(self, fields: dict[str, str]) -> tuple[int, int | None]:
        """The status of the answer and, for a refusal, the provider's error code."""
        ends = time.monotonic() + self._timeout
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
                # Once a message was accepted, an answer that breaks off must not cause a second one.
                raw = b"" if answer.status in _TAKEN else _read(answer, ends)
            finally:
                # Not back into the pool: the unread rest would be taken for the next answer.
                answer.close()
        except HTTPError as error:
            # The text of the error may hold the address, and with it the account.
            raise TwilioUnavailable(
                f"the provider of text messages does not answer: {type(error).__name__}"
            ) from None
        return answer.status, _code(raw)


def _read(answer: urllib3.BaseHTTPResponse, ends: float) -> bytes:
    """The bytes that arrive until then, at most MAX_ANSWER: a server that sends slowly blocks nobody."""
    raw = bytearray()
    while len(raw) < MAX_ANSWER and time.monotonic() < ends:
        piece = answer.read1(MAX_ANSWER - len(raw))
        if not piece:
            break
        raw += piece
    return bytes(raw)


def _code(raw: bytes) -> int | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, int) else None
