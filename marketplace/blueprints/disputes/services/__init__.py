"""The use cases of disputes."""
