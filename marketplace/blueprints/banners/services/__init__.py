"""The use cases of banners."""
