// Socket.IO events of v1, made by scripts/socket_types.py; `make contract` renews them.

/** RFC 9457 problem details; some codes carry further members */
export interface Problem {
  /** The page that explains the code */
  type: string;
  /** What is wrong, in the language of Accept-Language */
  title: string;
  /** The status of the answer */
  status: number;
  /** What to do about it */
  detail: string;
  /** A stable word to switch on; read one that you do not know by its status */
  code: ProblemCode | string;
  /** The X-Request-ID, for questions to the operators */
  request_id: string | null;
  /** What is refused, by place (`json`, `query`, `form`, `files`) and field */
  errors?: Record<string, unknown>;
}

/** The codes of problems */
export type ProblemCode = "already_exists" | "already_hidden" | "already_performer" | "already_replied" | "already_reported" | "already_requested" | "already_reviewed" | "already_undone" | "budget_spent" | "calendar_asked_again" | "calendar_known" | "category_gone" | "category_in_use" | "certificate_decided" | "certificate_expired" | "certificate_needed" | "change_decided" | "changed_since" | "city_exists" | "city_in_use" | "claimed_by_other" | "code_required" | "conflict" | "date_not_in_series" | "day_not_full" | "dispute_not_open" | "document_too_large" | "email_taken" | "email_verified" | "field_not_moderated" | "forbidden" | "foreign_operation" | "headers_too_large" | "http_error" | "idempotency_answer_unreadable" | "idempotency_in_progress" | "idempotency_key_reused" | "internal_error" | "invalid_banner" | "invalid_category" | "invalid_code" | "invalid_credentials" | "invalid_cursor" | "invalid_idempotency_key" | "invalid_json" | "invalid_period" | "invalid_refresh_token" | "invalid_service" | "invalid_token" | "job_not_dead" | "last_admin" | "length_required" | "log_in_needed" | "malformed_request" | "message_already_sent" | "method_not_allowed" | "no_email" | "no_phone" | "not_a_document" | "not_a_picture" | "not_acceptable" | "not_found" | "not_hidden" | "not_on_self" | "not_on_staff" | "not_reviewed" | "not_verified" | "not_while_acting" | "nothing_to_claim" | "nothing_to_waive" | "only_of_performers" | "only_parties" | "only_performer" | "order_not_completed" | "order_open" | "outside_schedule" | "overlapping_requests" | "own_certificate" | "own_change" | "own_content" | "own_performer" | "own_profile" | "own_report" | "own_review" | "own_service" | "pending_exists" | "performer_needed" | "phone_taken" | "photos_too_large" | "picture_too_large" | "pictures_at_once" | "pictures_spent" | "pictures_too_large" | "portfolio_full" | "precondition_failed" | "precondition_required" | "price_needed" | "range_not_satisfiable" | "recent_login_needed" | "reference_missing" | "report_closed" | "request_timeout" | "resource_busy" | "review_window_closed" | "rights_changed" | "same_address" | "search_too_broad" | "second_factor_needed" | "series_conflicts" | "server_closing" | "siblings_changed" | "slot_taken" | "slug_taken" | "socket_limit_reached" | "staff_needed" | "starts_in_past" | "storage_full" | "subject_gone" | "time_comes_twice" | "time_does_not_exist" | "too_close" | "too_far_ahead" | "too_large" | "too_many_arrival_tries" | "too_many_calendars" | "too_many_certificates" | "too_many_days_awaited" | "too_many_exceptions" | "too_many_holds" | "too_many_requests" | "too_many_series" | "too_many_services" | "too_many_sockets" | "too_many_tries" | "too_many_vacations" | "too_much_evidence" | "too_short_notice" | "totp_enabled" | "totp_not_enabled" | "transition_not_allowed" | "unauthenticated" | "unavailable" | "undo_expired" | "unknown_event" | "unknown_socket" | "unknown_value" | "unsupported_media_type" | "upgrade_required" | "uri_too_long" | "user_blocked" | "username_taken" | "vacation_overlaps" | "validation_failed" | "waitlist_full" | "weak_password" | "wrong_arrival_code" | "wrong_code" | "wrong_party" | "wrong_password";

/** The ack of an event that was refused; the socket lives on */
export interface SocketError {
  error: Problem;
}

/** A message to be sent to a chat. */
export interface MessageSend {
  /** Your own name for the message, such as a random UUID, ULID or nanoid; send the same again in a retry */
  client_id: string;
  /** What you write */
  text: string;
  /** The id of the chat */
  chat_id: number;
}

/** The message is stored, under this number. */
export interface MessageAck {
  /** The id, unique among things of this kind */
  id: number;
  /** The number in its chat, from 1, without gaps */
  seq: number;
  /** Whether it had been stored before; then nothing was stored now */
  duplicate: boolean;
}

/** How far you have come in a chat. */
export interface MarkUpTo {
  /** The `seq` of the last message */
  up_to_seq: number;
  /** The id of the chat */
  chat_id: number;
}

/** How far a member of a chat has received and read. */
export interface Receipt {
  /** The id of the chat */
  chat_id: number;
  /** The id of the member whose marks these are */
  user_id: number;
  /** The last `seq` that this user has received */
  delivered_seq: number;
  /** The last `seq` that this user has read */
  read_seq: number;
}

/** What you hold of your chats. */
export interface Sync {
  /** The last `seq` that you hold, by the id of the chat; 0 for none */
  chats: Record<string, number>;
}

/** A message of a chat. */
export interface Message {
  /** The id, unique among things of this kind */
  id: number;
  /** The id of the chat */
  chat_id: number;
  /** The number in its chat, from 1, without gaps */
  seq: number;
  /** The id of the user who wrote it */
  sender_id: number;
  /** The sender's own name for it */
  client_id: string;
  /** What was written */
  text: string;
  /** When it was made */
  created_at: string;
}

/** What you miss of a chat. */
export interface SyncedChat {
  /** The id of the chat */
  chat_id: number;
  /** The `seq` of the newest message; 0 without messages */
  last_seq: number;
  /** The messages that you miss, oldest first */
  items: Message[];
  /** Whether you miss more: `sync` again with the `seq` of the last item */
  more: boolean;
  /** Whether you know of messages that do not exist: forget the chat and begin at 0 */
  reset: boolean;
}

/** A chat with the number of its newest message. */
export interface ChatState {
  /** The id of the chat */
  chat_id: number;
  /** The `seq` of the newest message; 0 without messages */
  last_seq: number;
  /** When the newest message was stored, or the chat was opened */
  last_message_at: string;
}

/** What you miss of your chats. */
export interface Synced {
  /** The chats that you asked for */
  chats: SyncedChat[];
  /** Your chats with messages that you did not ask for, newest first, at most 100 */
  unlisted: ChatState[];
  /** The ids that you asked for and that are no chats of yours */
  refused: number[];
}

/** The chat in which you are writing. */
export interface Typing {
  /** The id of the chat */
  chat_id: number;
}

/** An object without keys. */
export type Nothing = Record<string, never>;

/** What a notification tells of: the name of the event. */
export type NotificationTopic = "order.created" | "order.accepted" | "order.declined" | "order.expired" | "order.cancelled" | "order.reschedule_proposed" | "order.rescheduled" | "order.started" | "order.delivered" | "order.changes_requested" | "order.completed" | "order.disputed" | "order.arrived" | "order.no_show" | "order.fee_waived" | "order.expiring" | "order.starting" | "order.completing" | "order.resolution_proposed" | "order.resolved" | "waitlist.offered" | "review.published" | "performer.approved" | "performer.rejected" | "performer.suspended" | "performer.verified" | "performer.unverified" | "certificate.approved" | "certificate.rejected" | "certificate.revoked" | "certificate.expiring" | "certificate.expired" | "service.hidden" | "service.restored" | "calendar.failing" | "change.decided" | "report.closed";

/** Something that the user was told just now. */
export interface NotificationNew {
  /** The id, unique among things of this kind */
  id: number;
  /** What happened */
  topic: NotificationTopic;
  /** What the event tells, by its topic: see `GET /notifications` */
  data?: unknown;
}

/** Where an order is in its life: `pending` (the performer has to answer), `confirmed`, `in_progress`, `delivered` (the customer has to answer), `changes_requested`, `disputed`; and at its end `completed`, `declined`, `expired` (nobody answered) or `cancelled`. */
export type OrderStatus = "pending" | "confirmed" | "declined" | "expired" | "cancelled" | "in_progress" | "delivered" | "changes_requested" | "completed" | "disputed";

/** The new state of an order, for both parties. */
export interface OrderUpdated {
  /** The id of the order */
  order_id: number;
  /** The status after the step */
  status: OrderStatus;
  /** What happened, such as `order.accepted` */
  event: string;
}

/** Who is writing, and where. */
export interface TypingNow {
  /** The id of the chat */
  chat_id: number;
  /** The id of the user who is writing */
  user_id: number;
}

export const CHAT_NAMESPACE = "/chat";

/** Events that the server sends in /chat. */
export interface ChatServerEvents {
  /** A chat was opened */
  "chat:updated": (data: ChatState) => void;
  /** A message, in the order of `seq`; it may come twice */
  "message:new": (data: Message) => void;
  /** The user was told something */
  "notification:new": (data: NotificationNew) => void;
  /** An order took a step */
  "order:updated": (data: OrderUpdated) => void;
  /** How far a member has received and read; marks never go back */
  "receipt": (data: Receipt) => void;
  /** The server stops; connect again and `sync` */
  "server:closing": (data: Nothing) => void;
  /** The sign-in has ended; the socket closes */
  "session:revoked": (data: Nothing) => void;
  /** Events may have been missed; `sync` */
  "sync:required": (data: Nothing) => void;
  /** The other one is writing */
  "typing": (data: TypingNow) => void;
}

/** Events that a client emits in /chat. */
export interface ChatClientEvents {
  /** Send a message; the same `client_id` again gives the first ack and stores nothing */
  "message:send": (data: MessageSend, ack: (answer: MessageAck | SocketError) => void) => void;
  /** Say how far you have received; the mark never goes back */
  "message:delivered": (data: MarkUpTo, ack: (answer: Receipt | SocketError) => void) => void;
  /** Say how far you have read; the mark never goes back */
  "message:read": (data: MarkUpTo, ack: (answer: Receipt | SocketError) => void) => void;
  /** Get what you missed, in order; do it after every connect */
  "sync": (data: Sync, ack: (answer: Synced | SocketError) => void) => void;
  /** Tell the other one that you are writing; more than once in 3 s is dropped */
  "typing": (data: Typing, ack: (answer: Nothing | SocketError) => void) => void;
}
