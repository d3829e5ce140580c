"""What a twin is: its definition, versions, people."""
