"""Counting what a running twin uses, on the meters that its blueprint predicts and its bill prices."""
