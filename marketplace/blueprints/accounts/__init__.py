"""People: sign-up, sessions, the own profile."""
