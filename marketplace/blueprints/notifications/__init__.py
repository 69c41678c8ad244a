"""What users are told inside the program."""
