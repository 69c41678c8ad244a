"""Orders: bookings and their transitions."""
