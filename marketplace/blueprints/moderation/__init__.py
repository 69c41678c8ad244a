"""Staff keeps the place honest: change requests, bulk decisions, the audit log."""
