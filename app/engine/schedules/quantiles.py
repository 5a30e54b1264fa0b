"""Quantiles of the beta distribution, after its continued fraction.

Reference: NIST Digital Library of Mathematical Functions, 8.17.22, https://dlmf.nist.gov/8.17
"""

from __future__ import annotations

from math import exp, lgamma, log

TERMS = 30  # pairs; more change nothing for shapes up to 5


def quantile(share: float, a: float, b: float) -> float:
    """Return the level below which `share` of a beta(a, b) distribution lies."""
    if share <= 0 or share >= 1:
        return float(share >= 1)
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if distribution(middle, a, b) < share else (low, middle)
    return high


def distribution(x: float, a: float, b: float) -> float:
    """Return the share of a beta(a, b) distribution below x, from its continued fraction."""
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side only
        return 1 - distribution(1 - x, b, a)
    if x == 0:
        return 0.0
    front = exp(a * log(x) + b * log(1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    return front * fraction(x, a, b)


def fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction 1 / (1 + d1 / (1 + d2 / ...)) of the incomplete beta function."""
    value = 1.0
    for half in range(TERMS, 0, -1):
        even = a + 2 * half
        value = 1 + half * (b - half) * x / ((even - 1) * even) / value
        value = 1 - (a + half - 1) * (a + b + half - 1) * x / ((even - 2) * (even - 1)) / value
    return 1 / value
