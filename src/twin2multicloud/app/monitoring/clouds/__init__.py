"""Checks of twins in clouds: what there is to look at, what its services tell of it, and what that means."""
