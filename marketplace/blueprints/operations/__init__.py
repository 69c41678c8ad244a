"""Running the program: health, metrics, jobs, the worker command."""
