"""The use cases of offers."""
