"""The runtime's ports on Azure, each by the official SDK of its service."""
