"""What caches and subsets of tokens remember and predict."""
