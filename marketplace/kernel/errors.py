"""The errors that the program raises on purpose, by category; each has a stable code for clients."""

from typing import Any, ClassVar


class AppError(Exception):
    """Abstract base: raise a category's subclass, never this.

    `code` is the stable word that clients switch on, `title` a short sentence that does not vary,
    `remedy` what the developer or the user of the client does about it, and the first paragraph of the
    class's docstring says when it occurs: all three are shown to clients. `detail` says what to do about
    this occurrence, `data` are extra members of the problem document.
    """

    code: ClassVar[str] = ""
    title: ClassVar[str] = ""
    remedy: ClassVar[str] = ""

    def __init__(self, detail: str = "", **data: Any) -> None:
        if not self.code:
            raise TypeError(f"{type(self).__name__} is abstract: raise a subclass that has a code")
        self.detail = detail or self.title
        self.data = data
        super().__init__(self.detail)


class Malformed(AppError):
    """The request cannot be parsed: its body, its query or a header does not have the form that HTTP and
    this API require.
    """

    code = "malformed_request"
    title = "The request cannot be parsed"
    remedy = "Correct the form of the body, query or headers. Sending it again unchanged cannot help."


class Unauthenticated(AppError):
    """The request carries no credentials, or none that are valid."""

    code = "unauthenticated"
    title = "A valid access token is needed"
    remedy = (
        "Send Authorization: Bearer with an access token. When the token has expired, get a new one at POST "
        "/user/token/refresh, or log in again."
    )


class Forbidden(AppError):
    """The caller is known and may not do this."""

    code = "forbidden"
    title = "You may not do this"
    remedy = (
        "Do not repeat the request with this account: use one that has the right, or ask an admin for it."
    )


class NotFound(AppError):
    """There is no such resource, or the caller may not know of it."""

    code = "not_found"
    title = "There is no such resource"
    remedy = (
        "Check the address and the ids in it. Somebody else's resource answers like one that does not exist."
    )


class Conflict(AppError):
    """The state of the resource does not allow this now."""

    code = "conflict"
    title = "The current state does not allow this"
    remedy = "Read the resource again, and decide by its current state whether to repeat the request."


class PreconditionFailed(AppError):
    """The request edits an older version of the resource than the stored one."""

    code = "precondition_failed"
    title = "The resource has changed since you read it"
    remedy = (
        "Read the resource again, apply the change to what is there now, and send it with the new ETag in "
        "If-Match."
    )


class PreconditionRequired(AppError):
    """The request edits a resource without saying which version it starts from."""

    code = "precondition_required"
    title = "Send If-Match with the ETag of the version that you edit"
    remedy = "Read the resource, and send the ETag of that answer in If-Match."


class TooLarge(AppError):
    """The body is larger than the route takes."""

    code = "too_large"
    title = "The request body is too large"
    remedy = "Send a smaller body, and files one by one."


class UnsupportedMedia(AppError):
    """The body is of a type that the route does not take."""

    code = "unsupported_media_type"
    title = "The body's Content-Type is not supported here"
    remedy = (
        "Send application/json in UTF-8, or multipart/form-data where the route takes files, and no "
        "Content-Encoding."
    )


class Invalid(AppError):
    """The request was parsed, and its values are refused.

    `errors` maps the place (`json`, `query`, `form`, `files`, `path`) to field names and reasons.
    """

    code = "validation_failed"
    title = "The request holds values that are not allowed"
    remedy = "Show each reason in errors beside its field, and let the user correct it."

    def __init__(self, detail: str = "", *, errors: dict[str, Any] | None = None, **data: Any) -> None:
        if errors is not None:
            data["errors"] = errors
        super().__init__(detail, **data)


class TooManyRequests(AppError):
    """The caller's budget of requests is used up for now.

    `retry_after` is in seconds.
    """

    code = "too_many_requests"
    title = "Too many requests"
    remedy = (
        "Wait as many seconds as Retry-After says. The RateLimit header of each answer tells how much is "
        "left."
    )

    def __init__(self, detail: str = "", *, retry_after: int = 60, **data: Any) -> None:
        super().__init__(detail, **data)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Something that the program needs does not answer at the moment.

    `retry_after` is in seconds.
    """

    code = "unavailable"
    title = "The service is temporarily unavailable"
    remedy = (
        "Try again after as many seconds as Retry-After says, with the same Idempotency-Key if there was one."
    )

    def __init__(self, detail: str = "", *, retry_after: int = 5, **data: Any) -> None:
        super().__init__(detail, **data)
        self.retry_after = retry_after


class StorageFull(AppError):
    """The server has no room to keep what was sent; nothing was stored."""

    code = "storage_full"
    title = "The server has no room to store this"
    remedy = "Try again later. If it goes on, tell the operator, who has to make room."
