"""Serving the front end: files for browsers, and a WebSocket for each of their windows."""
