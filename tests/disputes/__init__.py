"""Disputes: opening, evidence, settlement, the staff queue, and clocks that stand."""
