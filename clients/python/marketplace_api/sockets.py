"""Socket.IO events of v1, made by scripts/socket_types.py; `make contract` renews them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NotRequired, Protocol, TypeAlias, TypedDict, final, overload


class SocketClient(Protocol):
    """The methods of `socketio.Client` that are used here."""

    def on(self, event: str, handler: Callable[..., Any], namespace: str) -> Any: ...

    def emit(self, event: str, data: Any, namespace: str, callback: Callable[..., Any] | None) -> Any: ...

    def call(self, event: str, data: Any, namespace: str, timeout: float) -> Any: ...


class Problem(TypedDict):
    """RFC 9457 problem details; some codes carry further members"""

    type: str
    title: str
    status: int
    detail: str
    code: ProblemCode | str
    request_id: str | None
    errors: NotRequired[dict[str, Any]]


ProblemCode: TypeAlias = Literal[
    "already_exists",
    "already_hidden",
    "already_performer",
    "already_replied",
    "already_reported",
    "already_requested",
    "already_reviewed",
    "already_undone",
    "budget_spent",
    "calendar_asked_again",
    "calendar_known",
    "category_gone",
    "category_in_use",
    "certificate_decided",
    "certificate_expired",
    "certificate_needed",
    "change_decided",
    "changed_since",
    "city_exists",
    "city_in_use",
    "claimed_by_other",
    "code_required",
    "conflict",
    "date_not_in_series",
    "day_not_full",
    "dispute_not_open",
    "document_too_large",
    "email_taken",
    "email_verified",
    "field_not_moderated",
    "forbidden",
    "foreign_operation",
    "headers_too_large",
    "http_error",
    "idempotency_answer_unreadable",
    "idempotency_in_progress",
    "idempotency_key_reused",
    "internal_error",
    "invalid_banner",
    "invalid_category",
    "invalid_code",
    "invalid_credentials",
    "invalid_cursor",
    "invalid_idempotency_key",
    "invalid_json",
    "invalid_period",
    "invalid_refresh_token",
    "invalid_service",
    "invalid_token",
    "job_not_dead",
    "last_admin",
    "length_required",
    "log_in_needed",
    "malformed_request",
    "message_already_sent",
    "method_not_allowed",
    "no_email",
    "no_phone",
    "not_a_document",
    "not_a_picture",
    "not_acceptable",
    "not_found",
    "not_hidden",
    "not_on_self",
    "not_on_staff",
    "not_reviewed",
    "not_verified",
    "not_while_acting",
    "nothing_to_claim",
    "nothing_to_waive",
    "only_of_performers",
    "only_parties",
    "only_performer",
    "order_not_completed",
    "order_open",
    "outside_schedule",
    "overlapping_requests",
    "own_certificate",
    "own_change",
    "own_content",
    "own_performer",
    "own_profile",
    "own_report",
    "own_review",
    "own_service",
    "pending_exists",
    "performer_needed",
    "phone_taken",
    "photos_too_large",
    "picture_too_large",
    "pictures_at_once",
    "pictures_spent",
    "pictures_too_large",
    "portfolio_full",
    "precondition_failed",
    "precondition_required",
    "price_needed",
    "range_not_satisfiable",
    "recent_login_needed",
    "reference_missing",
    "report_closed",
    "request_timeout",
    "resource_busy",
    "review_window_closed",
    "rights_changed",
    "same_address",
    "search_too_broad",
    "second_factor_needed",
    "series_conflicts",
    "server_closing",
    "siblings_changed",
    "slot_taken",
    "slug_taken",
    "socket_limit_reached",
    "staff_needed",
    "starts_in_past",
    "storage_full",
    "subject_gone",
    "time_comes_twice",
    "time_does_not_exist",
    "too_close",
    "too_far_ahead",
    "too_large",
    "too_many_arrival_tries",
    "too_many_calendars",
    "too_many_certificates",
    "too_many_days_awaited",
    "too_many_exceptions",
    "too_many_holds",
    "too_many_requests",
    "too_many_series",
    "too_many_services",
    "too_many_sockets",
    "too_many_tries",
    "too_many_vacations",
    "too_much_evidence",
    "too_short_notice",
    "totp_enabled",
    "totp_not_enabled",
    "transition_not_allowed",
    "unauthenticated",
    "unavailable",
    "undo_expired",
    "unknown_event",
    "unknown_socket",
    "unknown_value",
    "unsupported_media_type",
    "upgrade_required",
    "uri_too_long",
    "user_blocked",
    "username_taken",
    "vacation_overlaps",
    "validation_failed",
    "waitlist_full",
    "weak_password",
    "wrong_arrival_code",
    "wrong_code",
    "wrong_party",
    "wrong_password",
]


@final
class SocketError(TypedDict):
    """The ack of an event that was refused; the socket lives on"""

    error: Problem


@final
class MessageSend(TypedDict):
    """A message to be sent to a chat."""

    client_id: str
    text: str
    chat_id: int


@final
class MessageAck(TypedDict):
    """The message is stored, under this number."""

    id: int
    seq: int
    duplicate: bool


@final
class MarkUpTo(TypedDict):
    """How far you have come in a chat."""

    up_to_seq: int
    chat_id: int


@final
class Receipt(TypedDict):
    """How far a member of a chat has received and read."""

    chat_id: int
    user_id: int
    delivered_seq: int
    read_seq: int


@final
class Sync(TypedDict):
    """What you hold of your chats."""

    chats: dict[str, int]


@final
class Message(TypedDict):
    """A message of a chat."""

    id: int
    chat_id: int
    seq: int
    sender_id: int
    client_id: str
    text: str
    created_at: str


@final
class SyncedChat(TypedDict):
    """What you miss of a chat."""

    chat_id: int
    last_seq: int
    items: list[Message]
    more: bool
    reset: bool


@final
class ChatState(TypedDict):
    """A chat with the number of its newest message."""

    chat_id: int
    last_seq: int
    last_message_at: str


@final
class Synced(TypedDict):
    """What you miss of your chats."""

    chats: list[SyncedChat]
    unlisted: list[ChatState]
    refused: list[int]


@final
class Typing(TypedDict):
    """The chat in which you are writing."""

    chat_id: int


@final
class Nothing(TypedDict):
    """An object without keys."""


NotificationTopic: TypeAlias = Literal[
    "order.created",
    "order.accepted",
    "order.declined",
    "order.expired",
    "order.cancelled",
    "order.reschedule_proposed",
    "order.rescheduled",
    "order.started",
    "order.delivered",
    "order.changes_requested",
    "order.completed",
    "order.disputed",
    "order.arrived",
    "order.no_show",
    "order.fee_waived",
    "order.expiring",
    "order.starting",
    "order.completing",
    "order.resolution_proposed",
    "order.resolved",
    "waitlist.offered",
    "review.published",
    "performer.approved",
    "performer.rejected",
    "performer.suspended",
    "performer.verified",
    "performer.unverified",
    "certificate.approved",
    "certificate.rejected",
    "certificate.revoked",
    "certificate.expiring",
    "certificate.expired",
    "service.hidden",
    "service.restored",
    "calendar.failing",
    "change.decided",
    "report.closed",
]


@final
class NotificationNew(TypedDict):
    """Something that the user was told just now."""

    id: int
    topic: NotificationTopic
    data: NotRequired[Any]


OrderStatus: TypeAlias = Literal[
    "pending",
    "confirmed",
    "declined",
    "expired",
    "cancelled",
    "in_progress",
    "delivered",
    "changes_requested",
    "completed",
    "disputed",
]


@final
class OrderUpdated(TypedDict):
    """The new state of an order, for both parties."""

    order_id: int
    status: OrderStatus
    event: str


@final
class TypingNow(TypedDict):
    """Who is writing, and where."""

    chat_id: int
    user_id: int


class ChatEvents:
    """The events of the namespace /chat, with their types."""

    NAMESPACE = "/chat"

    def __init__(self, client: SocketClient) -> None:
        self._client = client

    @overload
    def on(self, event: Literal["chat:updated"], handler: Callable[[ChatState], None]) -> None:
        """A chat was opened"""

    @overload
    def on(self, event: Literal["message:new"], handler: Callable[[Message], None]) -> None:
        """A message, in the order of `seq`; it may come twice"""

    @overload
    def on(self, event: Literal["notification:new"], handler: Callable[[NotificationNew], None]) -> None:
        """The user was told something"""

    @overload
    def on(self, event: Literal["order:updated"], handler: Callable[[OrderUpdated], None]) -> None:
        """An order took a step"""

    @overload
    def on(self, event: Literal["receipt"], handler: Callable[[Receipt], None]) -> None:
        """How far a member has received and read; marks never go back"""

    @overload
    def on(self, event: Literal["server:closing"], handler: Callable[[Nothing], None]) -> None:
        """The server stops; connect again and `sync`"""

    @overload
    def on(self, event: Literal["session:revoked"], handler: Callable[[Nothing], None]) -> None:
        """The sign-in has ended; the socket closes"""

    @overload
    def on(self, event: Literal["sync:required"], handler: Callable[[Nothing], None]) -> None:
        """Events may have been missed; `sync`"""

    @overload
    def on(self, event: Literal["typing"], handler: Callable[[TypingNow], None]) -> None:
        """The other one is writing"""

    def on(self, event: Any, handler: Callable[..., None]) -> None:
        self._client.on(event, handler, self.NAMESPACE)

    @overload
    def emit(
        self,
        event: Literal["message:send"],
        data: MessageSend,
        ack: Callable[[MessageAck | SocketError], None] | None = None,
    ) -> None:
        """Send a message; the same `client_id` again gives the first ack and stores nothing"""

    @overload
    def emit(
        self,
        event: Literal["message:delivered"],
        data: MarkUpTo,
        ack: Callable[[Receipt | SocketError], None] | None = None,
    ) -> None:
        """Say how far you have received; the mark never goes back"""

    @overload
    def emit(
        self,
        event: Literal["message:read"],
        data: MarkUpTo,
        ack: Callable[[Receipt | SocketError], None] | None = None,
    ) -> None:
        """Say how far you have read; the mark never goes back"""

    @overload
    def emit(
        self, event: Literal["sync"], data: Sync, ack: Callable[[Synced | SocketError], None] | None = None
    ) -> None:
        """Get what you missed, in order; do it after every connect"""

    @overload
    def emit(
        self,
        event: Literal["typing"],
        data: Typing,
        ack: Callable[[Nothing | SocketError], None] | None = None,
    ) -> None:
        """Tell the other one that you are writing; more than once in 3 s is dropped"""

    def emit(self, event: Any, data: Any, ack: Callable[..., None] | None = None) -> None:
        self._client.emit(event, data, self.NAMESPACE, ack)

    @overload
    def call(
        self, event: Literal["message:send"], data: MessageSend, timeout: float = 60
    ) -> MessageAck | SocketError:
        """Send a message; the same `client_id` again gives the first ack and stores nothing"""

    @overload
    def call(
        self, event: Literal["message:delivered"], data: MarkUpTo, timeout: float = 60
    ) -> Receipt | SocketError:
        """Say how far you have received; the mark never goes back"""

    @overload
    def call(
        self, event: Literal["message:read"], data: MarkUpTo, timeout: float = 60
    ) -> Receipt | SocketError:
        """Say how far you have read; the mark never goes back"""

    @overload
    def call(self, event: Literal["sync"], data: Sync, timeout: float = 60) -> Synced | SocketError:
        """Get what you missed, in order; do it after every connect"""

    @overload
    def call(self, event: Literal["typing"], data: Typing, timeout: float = 60) -> Nothing | SocketError:
        """Tell the other one that you are writing; more than once in 3 s is dropped"""

    def call(self, event: Any, data: Any, timeout: float = 60) -> Any:
        return self._client.call(event, data, self.NAMESPACE, timeout)
