"""Runs: what each would do, does and did, with its log; and the dialogs that ask for one."""
