"""The SQL of performers: writes and reads."""
