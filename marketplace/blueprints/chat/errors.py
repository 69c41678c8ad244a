"""What can go wrong in chats, by stable code."""

from marketplace.kernel.errors import Conflict, Forbidden


class OwnProfile(Forbidden):
    code = "own_profile"
    title = "Nobody chats with themselves"


class MessageAlreadySent(Conflict):
    code = "message_already_sent"
    title = "A message with this client_id was stored at the same moment; send it again for its ack"


CONSTRAINTS = {"uq_message_sender_id_client_id": MessageAlreadySent}
