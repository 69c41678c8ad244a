"""Routes of performers."""
