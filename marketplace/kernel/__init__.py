"""The pure heart of the program: no Flask, no SQL."""
