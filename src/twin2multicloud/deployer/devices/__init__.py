"""Identities of devices: the authority that signs their certificates, and what a device is handed."""
