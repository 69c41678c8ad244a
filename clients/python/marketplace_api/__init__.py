"""A typed client of the marketplace: `rest` is generated, `session` renews tokens, `chat` misses nothing."""
