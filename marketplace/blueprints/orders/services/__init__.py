"""The use cases of orders: booking, reading, and one transition per call."""
