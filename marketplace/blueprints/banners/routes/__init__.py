"""Routes of banners."""
