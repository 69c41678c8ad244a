"""The use cases of accounts; a public method is one transaction, unless it says that it is several."""
