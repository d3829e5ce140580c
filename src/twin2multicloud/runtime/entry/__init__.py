"""Entry points: what each cloud's function host calls, and the handler of a role that it calls in turn."""
