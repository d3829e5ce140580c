"""Where the state of every stack is kept: all versions, locks with their holders, rollback."""
