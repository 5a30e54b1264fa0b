"""Quality against cost as an SVG: the line of fewer steps, and the techniques beside it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from app.measure.bench import Comparison, Row

WIDTH, HEIGHT, MARGIN = 640, 420, 60
FEWER, OURS, EQUAL, INK, RULE = "#6b7280", "#d9480f", "#1c7ed6", "#1f2933", "#d5dae1"
TICKS = 5


def plot(comparison: Comparison) -> str:
    """Draw the latent error over the time, both against the plain run; lower left is better."""
    line = sorted((comparison.equal_cost, *comparison.fewer, comparison.plain), key=lambda row: row.time)
    rows = [comparison.patched, *line]
    frame = Frame(max(1.0, *(row.time for row in rows)) * 1.05, max(error(row) for row in rows) * 1.1 or 1.0)
    named = [
        *((row, FEWER, str(row.steps)) for row in comparison.fewer),
        (comparison.plain, FEWER, f"{comparison.plain.steps} steps"),
        (comparison.equal_cost, EQUAL, f"{comparison.equal_cost.steps} steps, same cost"),
        (comparison.patched, OURS, ", ".join(comparison.techniques)),
    ]
    dots = (frame.dot(row.time, error(row), colour, text) for row, colour, text in named)
    return picture([*frame.axes(), frame.line([(row.time, error(row)) for row in line], FEWER), *dots])


def picture(parts: Iterable[str]) -> str:
    """Put the parts on a white sheet."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="12" fill="{INK}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            *parts,
            "</svg>",
        ]
    )


class Frame:
    """Places times and errors on the sheet, from 0 to the largest of each."""

    def __init__(self, time: float, error: float) -> None:
        self.time, self.error = time, error

    def x(self, time: float) -> float:
        return MARGIN + time / self.time * (WIDTH - 2 * MARGIN)

    def y(self, error: float) -> float:
        return HEIGHT - MARGIN - error / self.error * (HEIGHT - 2 * MARGIN)

    def line(self, points: Iterable[tuple[float, float]], colour: str) -> str:
        """Draw through (time, error) points."""
        places = " ".join(f"{self.x(time):.1f},{self.y(error):.1f}" for time, error in points)
        return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>'

    def dot(self, time: float, error: float, colour: str, text: str) -> str:
        """Draw a point with its name; pointing at it shows the name too."""
        x, y, name = self.x(time), self.y(error), escape(text)
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"><title>{name}</title></circle>'
            f'<text x="{x + 8:.1f}" y="{y - 8:.1f}" fill="{colour}">{name}</text>'
        )

    def axes(self) -> list[str]:
        """Draw the rules, their numbers, and what they mean."""
        lines = []
        for tick in range(TICKS + 1):
            time, wrong = self.time * tick / TICKS, self.error * tick / TICKS
            x, y = self.x(time), self.y(wrong)
            lines += [
                f'<path d="M{x:.1f} {MARGIN}V{HEIGHT - MARGIN}M{MARGIN} {y:.1f}H{WIDTH - MARGIN}" '
                f'stroke="{RULE}"/>',
                f'<text x="{x:.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{time:.2f}</text>',
                f'<text x="{MARGIN - 8}" y="{y + 4:.1f}" text-anchor="end">{wrong:.3f}</text>',
            ]
        middle = f'x="{WIDTH / 2}" text-anchor="middle"'
        return [
            *lines,
            f'<text {middle} y="{HEIGHT - 16}">time, over that of the plain run</text>',
            f'<text {middle} y="28">error of the latent against the plain run; lower left is better</text>',
        ]


def error(row: Row) -> float:
    """Return a row's latent error; the plain run is its own reference."""
    return row.quality.latent_error if row.quality else 0.0
