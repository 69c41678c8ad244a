"""Directory: public lists of performers and services, profiles, suggestions, favourites."""
