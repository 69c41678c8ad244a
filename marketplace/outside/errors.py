"""Errors of files from strangers, and of requests to addresses that strangers gave."""

from marketplace.kernel.errors import Invalid, TooManyRequests


class NotAPicture(Invalid):
    """The file is no JPEG, PNG or WebP picture, or it is cut off or damaged."""

    code = "not_a_picture"
    title = "Send a JPEG, PNG or WebP picture that is whole"
    remedy = "Send the picture as JPEG, PNG or WebP; if it is one, save it anew with a picture program."


class PictureTooLarge(Invalid):
    """The picture has more pixels, or more layers of a progressive JPEG, than can be processed safely."""

    code = "picture_too_large"
    title = "The picture may have at most 25 million pixels"
    remedy = "Make the picture smaller before sending it, for example 4,000 by 3,000 pixels."


class TooManyAtOnce(TooManyRequests):
    """The caller has other pictures that are still being processed."""

    code = "pictures_at_once"
    title = "Send your pictures one after the other"
    remedy = "Wait for the answer to one upload before starting the next one."


class NotADocument(Invalid):
    """The file is no PDF and no JPEG, PNG or WebP picture, or it is cut off or damaged."""

    code = "not_a_document"
    title = "Send a PDF, or a JPEG, PNG or WebP picture, that is whole"
    remedy = "Send the document as PDF, or a photo of it as JPEG, PNG or WebP."


class DocumentTooLarge(Invalid):
    """The file has more bytes than a document may have."""

    code = "document_too_large"
    title = "The file may have at most 10,000,000 bytes"
    remedy = (
        "Scan the document with a lower resolution, or compress the file, so that it has at most 10,000,000 "
        "bytes."
    )


class FetchFailed(Exception):
    """A request to a stranger's address has no answer that can be used; `code` is a stable word. No text of
    the address or of the answer is in it.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class AddressRefused(FetchFailed):
    """No request goes there: `bad_address`, `bad_scheme`, `credentials_in_address`, `forbidden_port`,
    `forbidden_address`.
    """


class Unreachable(FetchFailed):
    """Nobody answers: `unknown_host`, `unreachable`, `tls_failed`."""


class FetchTimedOut(FetchFailed):
    """The whole answer was not there in time: `timed_out`."""

    def __init__(self) -> None:
        super().__init__("timed_out")


class AnswerTooLarge(FetchFailed):
    """The body has more bytes than are taken, as it was sent or as unpacked: `too_large`."""

    def __init__(self) -> None:
        super().__init__("too_large")


class BadAnswer(FetchFailed):
    """The answer is no HTTP, breaks off, or redirects too often: `bad_answer`, `too_many_redirects`."""


class CalendarRefused(Exception):
    """An `.ics` file cannot be read; `code` is `not_a_calendar`, `too_many_events` or `too_complex`."""

    def __init__(self, code: object) -> None:
        super().__init__(code)
        self.code = str(code)
