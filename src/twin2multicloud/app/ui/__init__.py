"""The front end: Flutter, written in Python. It knows the API by its client, and nothing else of the backend."""
