"""Pure rules and types of the program: no Flask, no SQL."""
