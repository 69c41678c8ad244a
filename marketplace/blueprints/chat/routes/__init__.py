"""Routes of chat."""
