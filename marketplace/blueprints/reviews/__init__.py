"""Reviews: in both directions, double blind."""
