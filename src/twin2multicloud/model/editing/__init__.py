"""Changing a definition's text value by value, while everything else stays as somebody wrote it."""
