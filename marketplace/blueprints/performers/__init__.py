"""Performers: their own profile, and the decisions of staff."""
