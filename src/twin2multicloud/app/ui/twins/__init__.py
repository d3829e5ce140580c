"""The list of twins."""
