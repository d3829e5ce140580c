"""What puts a twin into the clouds. So far: the packages of its functions."""
