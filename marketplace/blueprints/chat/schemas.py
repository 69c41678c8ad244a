"""What goes in and out of chats, over HTTP and over sockets."""

from typing import Any

import marshmallow as ma

from marketplace.blueprints.chat.policies import MAX_TEXT, SYNC_CHATS, UNREAD_CAP
from marketplace.web import fields
from marketplace.web.fields.values import INT64_MAX
from marketplace.web.schema import Schema


class Nothing(Schema):
    """An object without keys."""


class ChatOpen(Schema):
    """Exactly one of the two."""

    min_keys = 1

    order_id = fields.Id(metadata={"description": "The chat of this order's parties"})
    performer_id = fields.Id(metadata={"description": "The caller's chat with this performer"})

    @ma.validates_schema(skip_on_field_errors=True)
    def _exactly_one(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ma.ValidationError("Send exactly one of order_id and performer_id.")


class ChatWindow(Schema):
    limit = fields.Int(load_default=20, min=1, max=100, metadata={"description": "How many items at most"})
    after_seq = fields.Int(
        min=0, max=INT64_MAX, metadata={"description": "The messages that follow this one, oldest first"}
    )
    before_seq = fields.Int(
        min=0, max=INT64_MAX, metadata={"description": "The messages right before this one, oldest first"}
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _one_direction(self, data: dict[str, Any], **_: Any) -> None:
        if "after_seq" in data and "before_seq" in data:
            raise ma.ValidationError("Send after_seq or before_seq, not both.", "before_seq")


class MessageWrite(Schema):
    client_id = fields.Uuid(
        required=True, metadata={"description": "The sender's own name for the message; a retry repeats it"}
    )
    text = fields.Text(required=True, min=1, max=MAX_TEXT)


class MessageSend(MessageWrite):
    chat_id = fields.Id(required=True)


class ReadUpTo(Schema):
    up_to_seq = fields.Int(required=True, min=0, max=INT64_MAX)


class MarkUpTo(ReadUpTo):
    chat_id = fields.Id(required=True)


class Typing(Schema):
    chat_id = fields.Id(required=True)


class Sync(Schema):
    chats = fields.Dict(
        required=True,
        keys=fields.Id(),
        values=fields.Int(min=0, max=INT64_MAX),
        max=SYNC_CHATS,
        metadata={"description": "The last `seq` that the client has, by the id of the chat"},
    )


class ChatPerson(Schema):
    id = fields.Id(required=True)
    first_name = fields.Str(required=True)
    last_name = fields.Str(required=True, min=0, metadata={"description": "The initial"})
    avatar_url = fields.Str(required=True, allow_none=True)


class Message(Schema):
    id = fields.Id(required=True)
    chat_id = fields.Id(required=True)
    seq = fields.Int(
        required=True, min=1, max=INT64_MAX, metadata={"description": "The place in the chat, without gaps"}
    )
    sender_id = fields.Id(required=True)
    client_id = fields.Uuid(required=True)
    text = fields.Text(required=True)
    created_at = fields.DateTime(required=True)


class SentMessage(Message):
    duplicate = fields.Bool(
        required=True, metadata={"description": "It had been stored before; this is what it was then"}
    )


class MessageAck(Schema):
    id = fields.Id(required=True)
    seq = fields.Int(required=True, min=1, max=INT64_MAX)
    duplicate = fields.Bool(required=True)


class MessageList(Schema):
    items = fields.List(fields.Nested(Message), required=True)
    last_seq = fields.Int(
        required=True, min=0, max=INT64_MAX, metadata={"description": "The newest message of the chat"}
    )
    has_more = fields.Bool(
        required=True, metadata={"description": "There is more in this direction: ask from the last item on"}
    )


def _seq(description: str) -> fields.Int:
    return fields.Int(required=True, min=0, max=INT64_MAX, metadata={"description": description})


class Chat(Schema):
    id = fields.Id(required=True)
    customer_id = fields.Id(required=True)
    performer_id = fields.Id(required=True)
    other = fields.Nested(ChatPerson, required=True)
    last_seq = _seq("The newest message")
    last_message = fields.Nested(Message, required=True, allow_none=True)
    last_message_at = fields.DateTime(required=True)
    unread_count = fields.Int(
        required=True, min=0, max=UNREAD_CAP, metadata={"description": f"Counted up to {UNREAD_CAP}"}
    )
    delivered_seq = _seq("How far the caller has received")
    read_seq = _seq("How far the caller has read")
    other_delivered_seq = _seq("How far the other one has received")
    other_read_seq = _seq("How far the other one has read")
    created_at = fields.DateTime(required=True)


class Receipt(Schema):
    chat_id = fields.Id(required=True)
    user_id = fields.Id(required=True)
    delivered_seq = _seq("How far this user has received")
    read_seq = _seq("How far this user has read")


class ChatState(Schema):
    chat_id = fields.Id(required=True)
    last_seq = _seq("The newest message")
    last_message_at = fields.DateTime(required=True)


class TypingNow(Schema):
    chat_id = fields.Id(required=True)
    user_id = fields.Id(required=True)


class OrderUpdated(Schema):
    order_id = fields.Id(required=True)
    status = fields.Str(required=True)
    event = fields.Str(required=True, metadata={"description": "Such as order.accepted"})


class SyncedChat(Schema):
    chat_id = fields.Id(required=True)
    last_seq = _seq("The newest message")
    items = fields.List(fields.Nested(Message), required=True)
    more = fields.Bool(required=True, metadata={"description": "Sync again from the last item on"})
    reset = fields.Bool(
        required=True,
        metadata={
            "description": "The client knew of messages that do not exist: forget the chat, begin at 0"
        },
    )


class Synced(Schema):
    chats = fields.List(fields.Nested(SyncedChat), required=True)
    unlisted = fields.List(
        fields.Nested(ChatState),
        required=True,
        metadata={
            "description": "Own chats with messages that were not asked for, newest first, at most 100"
        },
    )
    refused = fields.List(
        fields.Id(), required=True, metadata={"description": "Asked for, but not chats of the caller"}
    )
