"""Catalog: the tree of categories, and the cities of the world."""
