"""The SQL of offers."""
