"""The SQL of availability."""
