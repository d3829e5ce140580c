"""The ports on one machine: SQLite and files under one directory per simulated cloud. Nothing here needs an account."""
