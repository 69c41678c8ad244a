"""The SQL of certificates."""
