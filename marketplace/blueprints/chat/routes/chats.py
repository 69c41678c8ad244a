"""Routes of chat."""

from typing import Any

from marketplace.blueprints.chat.ports import ChatView, Marks, MessageList, Sent, Window
from marketplace.blueprints.chat.schemas import chats as schemas
from marketplace.blueprints.chat.wiring import chats
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, personal, staff, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint(
    "chat",
    description="Customers and performers write to each other. The same works over Socket.IO, where messages"
    " arrive at once: see the AsyncAPI document.",
    rank=80,
    staff={"chats": "Staff reads any chat, such as one that was reported; each look is in the audit log."},
)


@blp.post("/chats")
@verified
@idempotent
@blp.problems("own_profile", "not_found")
@blp.arguments(schemas.ChatOpen)
@blp.response(200, schemas.Chat, description="The chat that exists already.")
@blp.response(201, schemas.Chat)
def open_chat(data: dict[str, Any]) -> tuple[ChatView, int]:
    """Open a chat

    A customer and a performer have one chat, whatever they order: you get the one that exists (200) or a
    new one (201). Both find it in `GET /chats`, and a new one is told to both by the socket event
    `chat:updated`. An order that is not yours, and a performer who is not public and with whom you have no
    chat, are `not_found`.
    """
    caller = current_principal()
    if "order_id" in data:
        view, created = chats().chats.open_for_order(caller, data["order_id"])
    else:
        view, created = chats().chats.open_with_performer(caller, data["performer_id"])
    return view, 201 if created else 200


@blp.get("/chats")
@verified
@personal
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Chat)
def list_chats(query: dict[str, Any]) -> Page[ChatView]:
    """List your chats

    The one with the newest message comes first. `unread_count` and `last_message` are all that an overview
    needs.
    """
    page, _ = split_page(query)
    return chats().rows.list_own(current_principal().user_id, page)


@blp.get("/chats/<int:chat_id>")
@verified
@personal
@blp.response(200, schemas.Chat)
def get_chat(chat_id: int) -> ChatView:
    """Get a chat

    You see the other member, the newest message, and how far both have read. A chat of others is
    `not_found`.
    """
    return chats().rows.get(chat_id, current_principal().user_id)


@blp.get("/chats/<int:chat_id>/messages")
@verified
@personal
@blp.arguments(schemas.ChatWindow, location="query")
@blp.response(200, schemas.MessageList)
def list_messages(query: dict[str, Any], chat_id: int) -> MessageList:
    """List the messages of a chat

    Without a `seq` you get the newest messages; go back with `before_seq`. After a lost connection, get
    exactly what you miss with `after_seq` set to the last `seq` that you hold: numbers have no gaps.
    Reading does not mark anything as read.
    """
    return chats().messages.list(current_principal(), chat_id, _window(query))


@blp.post("/chats/<int:chat_id>/messages")
@verified
@idempotent
@blp.problems("message_already_sent")
@blp.arguments(schemas.MessageWrite)
@blp.response(200, schemas.SentMessage, description="The message had been stored before.")
@blp.response(201, schemas.SentMessage)
def send_message(data: dict[str, Any], chat_id: int) -> tuple[dict[str, Any], int]:
    """Send a message

    After a 201 the message is stored, and the sockets of both members get `message:new`. When you do not
    know whether a try arrived, send it again with the same `client_id`: nothing is stored twice, and you
    get the first message (200). At the same moment as another try, the answer may be
    `message_already_sent`: send it once more.
    """
    sent = chats().messages.send(current_principal(), chat_id, data["client_id"], data["text"])
    return _shown(sent), 200 if sent.duplicate else 201


@blp.post("/chats/<int:chat_id>/read")
@verified
@idempotent
@blp.arguments(schemas.ReadUpTo)
@blp.response(200, schemas.Receipt)
def mark_read(data: dict[str, Any], chat_id: int) -> Marks:
    """Mark messages as read

    You say up to which `seq` you have read; everything before counts as read and as received. Marks never
    go back: a smaller `seq` changes nothing. Both members' sockets get `receipt`.
    """
    return chats().chats.mark_read(current_principal(), chat_id, data["up_to_seq"])


@blp.get("/admin/chats/<int:chat_id>/messages")
@staff
@blp.arguments(schemas.ChatWindow, location="query")
@blp.response(200, schemas.MessageList)
def list_messages_as_staff(query: dict[str, Any], chat_id: int) -> MessageList:
    """List the messages of any chat

    You read as the members do. Each call is written to the audit log, with the messages that you saw.
    """
    return chats().messages.list_for_staff(current_principal(), chat_id, _window(query))


def _window(query: dict[str, Any]) -> Window:
    return Window(query.get("after_seq"), query.get("before_seq"), query["limit"])


def _shown(sent: Sent) -> dict[str, Any]:
    return {**vars(sent.message), "duplicate": sent.duplicate}
