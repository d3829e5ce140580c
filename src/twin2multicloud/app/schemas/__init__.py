"""The bodies of requests and responses, shared by the API and its client."""
