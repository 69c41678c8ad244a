"""Demo: a market with sample data, to try things out."""
