"""What the twin's functions do, one handler per role, written once against the ports."""
