"""The use cases of the demo."""
