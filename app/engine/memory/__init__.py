"""How much memory models and computing take, where their weights are kept, and what to do when it runs out."""
