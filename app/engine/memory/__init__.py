"""What memory models and computing take, where weights are kept, and what is done when it runs out."""
