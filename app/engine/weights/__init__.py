"""Weights: out of files, packed and quantised, and with what is added beside them."""
