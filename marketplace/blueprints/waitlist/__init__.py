"""Waiting list: customers who wait for a full day of a performer, and the time that they are offered."""
