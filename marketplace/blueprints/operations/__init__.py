"""Operations: health, metrics, jobs, the worker command."""
