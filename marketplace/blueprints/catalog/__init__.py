"""What is offered and where: categories, cities, banners, services."""
