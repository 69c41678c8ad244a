"""Feeds: a user's own orders as a calendar, by a secret address."""
