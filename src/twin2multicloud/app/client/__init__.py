"""The typed client of the HTTP API. The command line and the front end know nothing else of the backend."""
