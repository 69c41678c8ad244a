"""The use cases of availability."""
