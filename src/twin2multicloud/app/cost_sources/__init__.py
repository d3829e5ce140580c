"""Where clouds put the bills that they export, and how they are fetched from there."""
