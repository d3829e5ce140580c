"""What the devices of a twin are in."""
