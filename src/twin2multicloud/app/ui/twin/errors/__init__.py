"""What goes wrong in a twin, and what is made to."""
