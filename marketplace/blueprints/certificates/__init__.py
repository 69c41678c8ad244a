"""Certificates: documents that prove a performer's trade, and staff's decisions on them."""
