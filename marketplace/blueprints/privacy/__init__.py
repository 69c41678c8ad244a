"""Privacy: copies of people's data, and the end of accounts."""
