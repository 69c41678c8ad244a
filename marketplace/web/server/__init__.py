"""Our gunicorn worker: threads for whole requests only, and one form for every refusal."""
