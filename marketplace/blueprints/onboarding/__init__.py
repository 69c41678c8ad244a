"""Onboarding: the application to become a performer, and the checklist."""
