"""How a twin does at a glance."""
