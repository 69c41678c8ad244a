"""The server itself, over raw sockets."""

FORM_LIMIT, OTHER_LIMIT = 4_000_000, 20_000
