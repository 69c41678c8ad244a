"""Routes of disputes."""
