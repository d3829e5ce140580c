"""Prices: the book in use, what is in it, which there were, newer ones, and a check for one's own."""
