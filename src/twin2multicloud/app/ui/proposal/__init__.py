"""Where a twin's slots go, what that costs, and what else could be."""
