"""What other domains may know of chat."""

from marketplace.blueprints.chat.events import ChatOpened, MessageCreated

__all__ = ["ChatOpened", "MessageCreated"]
