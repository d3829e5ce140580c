"""What somebody likes, what this is, and the rest of where one can go on a phone."""
