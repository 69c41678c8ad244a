"""Notifications: what users are told inside the program."""
