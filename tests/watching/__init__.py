"""What pages ask about a running twin, part by part."""
