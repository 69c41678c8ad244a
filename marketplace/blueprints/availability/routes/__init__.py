"""Routes of availability."""
