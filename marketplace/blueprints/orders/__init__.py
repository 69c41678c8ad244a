"""Bookings and their transitions."""
