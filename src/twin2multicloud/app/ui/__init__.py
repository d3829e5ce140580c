"""The front end: Flutter, written in Python with Flet. It talks to the HTTP API only, and decides nothing itself."""
