"""How long a message is under way at a placement: an estimate by distance, and what is assumed of each hand-over."""
