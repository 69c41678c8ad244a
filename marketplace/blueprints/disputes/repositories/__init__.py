"""The SQL of disputes."""
