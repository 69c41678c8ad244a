"""The use cases of reviews."""
