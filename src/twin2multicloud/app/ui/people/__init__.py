"""People, workspaces, who has which role, and keys."""
