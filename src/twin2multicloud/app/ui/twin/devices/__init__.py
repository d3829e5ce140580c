"""The devices of a twin, and what each of them measures."""
