"""Schemas of chats, over HTTP and over sockets."""

from typing import Any

import marshmallow as ma

from marketplace.blueprints.chat.policies import MAX_TEXT, SYNC_CHATS, UNREAD_CAP
from marketplace.web.hardened import fields
from marketplace.web.hardened.fields.values import INT64_MAX
from marketplace.web.hardened.schema import Schema


class Nothing(Schema):
    """An object without keys."""


class ChatOpen(Schema):
    """Whom to chat with: a performer, or the other party of an order; exactly one of the two."""

    min_keys = 1

    order_id = fields.Id(description="An order of yours: the chat with its other party")
    performer_id = fields.Id(description="A performer: your chat with them, as a customer")

    @ma.validates_schema(skip_on_field_errors=True)
    def _exactly_one(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ma.ValidationError("Send exactly one of order_id and performer_id.")


class ChatWindow(Schema):
    """Which part of a chat to read; the newest messages when nothing is said."""

    limit = fields.Int(load_default=20, min=1, max=100, description="How many messages at most")
    after_seq = fields.Int(
        min=0, max=INT64_MAX, description="Only messages after this `seq`, from the next one on"
    )
    before_seq = fields.Int(
        min=0, max=INT64_MAX, description="Only messages before this `seq`, the last ones of them"
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _one_direction(self, data: dict[str, Any], **_: Any) -> None:
        if "after_seq" in data and "before_seq" in data:
            raise ma.ValidationError("Send after_seq or before_seq, not both.", "before_seq")


class MessageWrite(Schema):
    """A message to be sent."""

    client_id = fields.VisibleAscii(
        required=True,
        description="Your own name for the message, such as a random UUID, ULID or nanoid; send the same "
        "again in a retry",
        example="0f6e5a1c-7d0e-4d8e-9a3b-2f1c5f0b7a11",
    )
    text = fields.Text(
        required=True, min=1, max=MAX_TEXT, description="What you write", example="Is Monday at nine fine?"
    )


class MessageSend(MessageWrite):
    """A message to be sent to a chat."""

    chat_id = fields.Id(required=True)


class ReadUpTo(Schema):
    """How far you have come in a chat."""

    up_to_seq = fields.Int(
        required=True, min=0, max=INT64_MAX, description="The `seq` of the last message", example=12
    )


class MarkUpTo(ReadUpTo):
    """How far you have come in a chat."""

    chat_id = fields.Id(required=True)


class Typing(Schema):
    """The chat in which you are writing."""

    chat_id = fields.Id(required=True)


class Sync(Schema):
    """What you hold of your chats."""

    chats = fields.Dict(
        required=True,
        keys=fields.Id(),
        values=fields.Int(min=0, max=INT64_MAX),
        max=SYNC_CHATS,
        description="The last `seq` that you hold, by the id of the chat; 0 for none",
    )


class ChatPerson(Schema):
    """A user as the other member of a chat sees one."""

    id = fields.Id(required=True)
    first_name = fields.Str(required=True, description="The first name")
    last_name = fields.Str(required=True, min=0, description="The first letter of the last name")
    avatar_url = fields.Str(
        required=True, allow_none=True, description="The path of the picture on this server; null without one"
    )


class Message(Schema):
    """A message of a chat."""

    id = fields.Id(required=True)
    chat_id = fields.Id(required=True)
    seq = fields.Int(
        required=True, min=1, max=INT64_MAX, description="The number in its chat, from 1, without gaps"
    )
    sender_id = fields.Id(required=True, description="The id of the user who wrote it")
    client_id = fields.VisibleAscii(required=True, description="The sender's own name for it")
    text = fields.Text(required=True, description="What was written")
    created_at = fields.DateTime(required=True)


class SentMessage(Message):
    """The message as it is stored."""

    duplicate = fields.Bool(
        required=True, description="Whether it had been stored before; then nothing was stored now"
    )


class MessageAck(Schema):
    """The message is stored, under this number."""

    id = fields.Id(required=True)
    seq = fields.Int(
        required=True, min=1, max=INT64_MAX, description="The number in its chat, from 1, without gaps"
    )
    duplicate = fields.Bool(
        required=True, description="Whether it had been stored before; then nothing was stored now"
    )


class MessageList(Schema):
    """Messages of a chat that follow each other."""

    items = fields.List(
        fields.Nested(Message), required=True, description="The messages in the order of `seq`, oldest first"
    )
    last_seq = fields.Int(
        required=True,
        min=0,
        max=INT64_MAX,
        description="The `seq` of the newest message of the chat; 0 without",
    )
    has_more = fields.Bool(
        required=True,
        description="Whether there is more in this direction: ask again with the `seq` of the last item as"
        " `after_seq`, or of the first one as `before_seq`",
    )


def _seq(description: str) -> fields.Int:
    return fields.Int(required=True, min=0, max=INT64_MAX, description=description)


class Chat(Schema):
    """A chat of a customer and a performer as you see it."""

    id = fields.Id(required=True)
    customer_id = fields.Id(required=True, description="The id of the user who is the customer")
    performer_id = fields.Id(required=True, description="The id of the performer profile")
    other = fields.Nested(ChatPerson, required=True, description="The user whom you chat with")
    last_seq = _seq("The `seq` of the newest message; 0 without messages")
    last_message = fields.Nested(
        Message, required=True, allow_none=True, description="The newest message; null without messages"
    )
    last_message_at = fields.DateTime(
        required=True, description="When the newest message was stored, or the chat was opened"
    )
    unread_count = fields.Int(
        required=True,
        min=0,
        max=UNREAD_CAP,
        description=f"How many messages of the other one you have not read, counted up to {UNREAD_CAP}",
    )
    delivered_seq = _seq("The last `seq` that you have received, as you told the server")
    read_seq = _seq("The last `seq` that you have read, as you told the server")
    other_delivered_seq = _seq("The last `seq` that the other one has received")
    other_read_seq = _seq("The last `seq` that the other one has read")
    created_at = fields.DateTime(required=True)


class Receipt(Schema):
    """How far a member of a chat has received and read."""

    chat_id = fields.Id(required=True)
    user_id = fields.Id(required=True, description="The id of the member whose marks these are")
    delivered_seq = _seq("The last `seq` that this user has received")
    read_seq = _seq("The last `seq` that this user has read")


class ChatState(Schema):
    """A chat with the number of its newest message."""

    chat_id = fields.Id(required=True)
    last_seq = _seq("The `seq` of the newest message; 0 without messages")
    last_message_at = fields.DateTime(
        required=True, description="When the newest message was stored, or the chat was opened"
    )


class TypingNow(Schema):
    """Who is writing, and where."""

    chat_id = fields.Id(required=True)
    user_id = fields.Id(required=True, description="The id of the user who is writing")


class SyncedChat(Schema):
    """What you miss of a chat."""

    chat_id = fields.Id(required=True)
    last_seq = _seq("The `seq` of the newest message; 0 without messages")
    items = fields.List(
        fields.Nested(Message), required=True, description="The messages that you miss, oldest first"
    )
    more = fields.Bool(
        required=True, description="Whether you miss more: `sync` again with the `seq` of the last item"
    )
    reset = fields.Bool(
        required=True,
        description="Whether you know of messages that do not exist: forget the chat and begin at 0",
    )


class Synced(Schema):
    """What you miss of your chats."""

    chats = fields.List(fields.Nested(SyncedChat), required=True, description="The chats that you asked for")
    unlisted = fields.List(
        fields.Nested(ChatState),
        required=True,
        description="Your chats with messages that you did not ask for, newest first, at most 100",
    )
    refused = fields.List(
        fields.Id(), required=True, description="The ids that you asked for and that are no chats of yours"
    )
