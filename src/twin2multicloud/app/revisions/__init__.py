"""Two revisions of a twin against each other: what each costs, what makes the difference, and what a policy says."""
