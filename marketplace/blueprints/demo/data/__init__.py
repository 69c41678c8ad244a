"""Texts and names that the demo picks from."""
