"""The errors that the program raises on purpose, by category; each has a stable code for clients."""

from typing import Any, ClassVar


class AppError(Exception):
    """Abstract base: raise a category's subclass, never this.

    `code` is the stable word that clients switch on, `title` a short sentence that does not vary,
    `detail` says what to do about this occurrence, `data` are extra members of the problem document.
    """

    code: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def __init__(self, detail: str = "", **data: Any) -> None:
        if not self.code:
            raise TypeError(f"{type(self).__name__} is abstract: raise a subclass that has a code")
        self.detail = detail or self.title
        self.data = data
        super().__init__(self.detail)


class Malformed(AppError):
    """The request cannot be parsed."""

    code = "malformed_request"
    title = "The request cannot be parsed"


class Unauthenticated(AppError):
    """Nobody, or nobody valid, is calling."""

    code = "unauthenticated"
    title = "A valid access token is needed"


class Forbidden(AppError):
    """The caller is known and may not do this."""

    code = "forbidden"
    title = "You may not do this"


class NotFound(AppError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"
    title = "There is no such resource"


class Conflict(AppError):
    """The state of the resource does not allow this now."""

    code = "conflict"
    title = "The current state does not allow this"


class PreconditionFailed(AppError):
    """The caller edits an older version than the stored one."""

    code = "precondition_failed"
    title = "The resource has changed since you read it"


class PreconditionRequired(AppError):
    """An edit came without the version that it starts from."""

    code = "precondition_required"
    title = "Send If-Match with the ETag of the version that you edit"


class TooLarge(AppError):
    """The body is larger than the route takes."""

    code = "too_large"
    title = "The request body is too large"


class UnsupportedMedia(AppError):
    """The body is of a type that the route does not take."""

    code = "unsupported_media_type"
    title = "The body's Content-Type is not supported here"


class Invalid(AppError):
    """Parsed, and refused.

    `errors` maps the place (`json`, `query`, `form`, `files`, `path`) to field names and reasons.
    """

    code = "validation_failed"
    title = "The request holds values that are not allowed"

    def __init__(self, detail: str = "", *, errors: dict[str, Any] | None = None, **data: Any) -> None:
        if errors is not None:
            data["errors"] = errors
        super().__init__(detail, **data)


class TooManyRequests(AppError):
    """A budget is spent; `retry_after` is in seconds."""

    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: int = 60, **data: Any) -> None:
        super().__init__(detail, **data)
        self.retry_after = retry_after


class Unavailable(AppError):
    """Something that the program needs does not answer; `retry_after` is in seconds."""

    code = "unavailable"
    title = "The service is temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after: int = 5, **data: Any) -> None:
        super().__init__(detail, **data)
        self.retry_after = retry_after


class StorageFull(AppError):
    """There is no room to keep what was sent."""

    code = "storage_full"
    title = "The server has no room to store this"
