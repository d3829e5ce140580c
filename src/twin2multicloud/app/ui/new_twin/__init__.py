"""Describing a twin: how to begin, and the editor."""
