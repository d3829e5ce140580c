"""Messages that a twin set aside."""
