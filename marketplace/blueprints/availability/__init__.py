"""Availability: when performers work, and when they can be booked."""
