"""Routes of moderation."""
