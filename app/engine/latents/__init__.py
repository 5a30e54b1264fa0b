"""Latents: to and from pictures, cut and mixed, held in place, shown on the way."""
