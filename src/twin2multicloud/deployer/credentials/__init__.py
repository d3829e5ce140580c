"""Who deploys: credentials of each cloud as its own tools find them, and whether they suffice."""
