"""The REST entry points of chat."""

from typing import Any

from marketplace.blueprints.chat import schemas
from marketplace.blueprints.chat.ports import ChatView, Marks, MessageList, Sent, Window
from marketplace.blueprints.chat.wiring import chats
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, personal, staff, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint("chat", description="Conversations of customers and performers")


@blp.get("/chats")
@verified
@personal
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Chat)
def list_chats(query: dict[str, Any]) -> Page[ChatView]:
    """The own chats, newest activity first"""
    page, _ = split_page(query)
    return chats().chats.list_own(current_principal(), page)


@blp.post("/chats")
@verified
@idempotent
@blp.problem(403, "`own_profile`, `not_verified`")
@blp.problem(404, "There is no such order or performer")
@blp.arguments(schemas.ChatOpen)
@blp.response(200, schemas.Chat, description="There was one already")
@blp.response(201, schemas.Chat)
def open_chat(data: dict[str, Any]) -> tuple[ChatView, int]:
    """Open the chat with a performer, or of an order; one for a customer and a performer"""
    caller = current_principal()
    if "order_id" in data:
        view, created = chats().chats.open_for_order(caller, data["order_id"])
    else:
        view, created = chats().chats.open_with_performer(caller, data["performer_id"])
    return view, 201 if created else 200


@blp.get("/chats/<int:chat_id>")
@verified
@personal
@blp.response(200, schemas.Chat)
def get_chat(chat_id: int) -> ChatView:
    """One of the own chats"""
    return chats().chats.get(current_principal(), chat_id)


@blp.get("/chats/<int:chat_id>/messages")
@verified
@personal
@blp.arguments(schemas.ChatWindow, location="query")
@blp.response(200, schemas.MessageList)
def list_messages(query: dict[str, Any], chat_id: int) -> MessageList:
    """Messages in order: those after or before a `seq`, or the newest"""
    return chats().messages.list(current_principal(), chat_id, _window(query))


@blp.post("/chats/<int:chat_id>/messages")
@verified
@idempotent
@blp.arguments(schemas.MessageWrite)
@blp.response(200, schemas.SentMessage, description="It was stored before; its first ack")
@blp.response(201, schemas.SentMessage)
def send_message(data: dict[str, Any], chat_id: int) -> tuple[dict[str, Any], int]:
    """Send a message; the same `client_id` again gives the first ack and stores nothing"""
    sent = chats().messages.send(current_principal(), chat_id, data["client_id"], data["text"])
    return _shown(sent), 200 if sent.duplicate else 201


@blp.post("/chats/<int:chat_id>/read")
@verified
@idempotent
@blp.arguments(schemas.ReadUpTo)
@blp.response(200, schemas.Receipt)
def mark_read(data: dict[str, Any], chat_id: int) -> Marks:
    """Say how far one has read; the mark never goes back"""
    return chats().chats.mark_read(current_principal(), chat_id, data["up_to_seq"])


@blp.get("/admin/chats/<int:chat_id>/messages")
@staff
@blp.arguments(schemas.ChatWindow, location="query")
@blp.response(200, schemas.MessageList)
def list_messages_as_staff(query: dict[str, Any], chat_id: int) -> MessageList:
    """Messages of any chat; every look is written to the audit log"""
    return chats().messages.list_for_staff(current_principal(), chat_id, _window(query))


def _window(query: dict[str, Any]) -> Window:
    return Window(query.get("after_seq"), query.get("before_seq"), query["limit"])


def _shown(sent: Sent) -> dict[str, Any]:
    return {**vars(sent.message), "duplicate": sent.duplicate}
