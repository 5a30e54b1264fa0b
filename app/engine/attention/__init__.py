"""Ways to compute attention, and patterns of what it looks at."""
