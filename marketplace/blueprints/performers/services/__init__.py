"""The use cases of performers."""
