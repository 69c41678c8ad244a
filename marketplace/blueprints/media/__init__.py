"""Media: stored files over HTTP."""
