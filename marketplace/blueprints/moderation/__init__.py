"""Moderation: change requests, reports, bulk decisions, the audit log."""
