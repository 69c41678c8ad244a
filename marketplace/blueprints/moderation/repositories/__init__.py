"""The SQL of moderation, by subject."""
