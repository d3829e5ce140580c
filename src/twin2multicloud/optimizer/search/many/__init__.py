"""The optimum of thousands of problems of one structure at once."""
