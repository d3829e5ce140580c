"""The management database: tables, sessions, migrations, sealing of secrets."""
