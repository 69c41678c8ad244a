"""A believable market for trying things out."""
