"""Noise levels: named, drawn, searched, and the clocks of samplers."""
