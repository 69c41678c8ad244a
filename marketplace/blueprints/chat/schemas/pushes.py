"""Schemas of what the namespace `/chat` sends to sockets."""

from marketplace.blueprints.chat.schemas import chats as schemas
from marketplace.realtime.outgoing import outgoing
from marketplace.realtime.pubsub import GAP_EVENT

MESSAGE_NEW = outgoing("message:new", schemas.Message, "A message, in the order of `seq`; it may come twice")
RECEIPT = outgoing("receipt", schemas.Receipt, "How far a member has received and read; marks never go back")
TYPING = outgoing("typing", schemas.TypingNow, "The other one is writing")
CHAT_UPDATED = outgoing("chat:updated", schemas.ChatState, "A chat was opened")
SESSION_REVOKED = outgoing("session:revoked", schemas.Nothing, "The sign-in has ended; the socket closes")
outgoing("server:closing", schemas.Nothing, "The server stops; connect again and `sync`")
outgoing(GAP_EVENT, schemas.Nothing, "Events may have been missed; `sync`")
