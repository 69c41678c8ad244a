"""Errors of chat."""

from marketplace.kernel.errors import Conflict, Forbidden


class OwnProfile(Forbidden):
    """A performer opens a chat with the own profile."""

    code = "own_profile"
    title = "Nobody chats with themselves"
    remedy = "Open the chat with another performer."


class MessageAlreadySent(Conflict):
    """The same message, by its client_id, was stored by a parallel request at the same moment."""

    code = "message_already_sent"
    title = "A message with this client_id was stored at the same moment; send it again for its ack"
    remedy = "Send the same message again: the answer is the one of the stored message."


CONSTRAINTS = {"uq_message_sender_id_client_id": MessageAlreadySent}
