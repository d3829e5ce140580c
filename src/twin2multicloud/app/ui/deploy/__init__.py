"""Where a twin is deployed from: where to, with whose accounts, which slots."""
