"""The use cases of moderation."""
