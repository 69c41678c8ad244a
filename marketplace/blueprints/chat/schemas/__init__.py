"""Schemas of chat."""
