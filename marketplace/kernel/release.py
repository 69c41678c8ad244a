"""The version of the program, as pyproject.toml has it."""

PROGRAM_VERSION = "0.1.0"
