"""Accounts: sign-up, sessions, the own profile."""
