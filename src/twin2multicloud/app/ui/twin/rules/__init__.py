"""The rules of a twin, and when they fired."""
