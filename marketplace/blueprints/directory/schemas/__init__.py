"""Schemas of the directory."""
