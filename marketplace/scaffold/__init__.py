"""Begins packages that build upon the program: `flask plugin new NAME`."""
