"""Signing in where no browser has a session: in the desktop and mobile apps."""
