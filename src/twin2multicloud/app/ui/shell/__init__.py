"""What is around every screen: where one is, where one can go, what is wrong with the connection."""
