"""What the backend does, one module per noun. Services never commit: whoever opened the session does."""
