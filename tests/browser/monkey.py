"""Random editing by seed: what a restless user does, with reloads and lost servers in between."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from signal import SIGKILL

from playwright.sync_api import expect

from tests.browser.sheet import Sheet

SEARCHES = ("decode latent", "cfg", "euler", "encode text", "flow schedule", "first block cache", "integer")

HEAD = ".react-flow__node-card .card-head"
WITHIN_REACH = """([selector, dx]) => [...document.querySelectorAll(selector)].flatMap((element) => {
    const box = element.getBoundingClientRect();
    const [x, y] = [box.left + Math.min(dx, box.width / 2), box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    return top && (element === top || element.contains(top)) ? [[x, y]] : [];
})"""


@dataclass
class Monkey:
    """Does `steps` random things to a sheet and notes their names."""

    sheet: Sheet
    chance: random.Random
    done: list[str] = field(default_factory=list)

    def play(self, steps: int, acts: list[str]) -> None:
        for _ in range(steps):
            name = self.chance.choice(acts)
            self.done.append(name)
            act: Callable[[], None] = getattr(self, name)
            act()

    def within_reach(self, selector: str, dx: float = 30) -> list[tuple[float, float]]:
        """Return points on the elements at which a press would meet them: on the screen, and not covered."""
        found = self.sheet.page.evaluate(WITHIN_REACH, [selector, dx])
        return [(x, y) for x, y in found]

    def pick(self, count: int) -> None:
        self.sheet.press("Escape")
        for place in range(count):
            heads = self.within_reach(HEAD)
            if heads:
                self.press_at(self.chance.choice(heads), "Control" if place else None)

    def press_at(self, point: tuple[float, float], key: str | None = None) -> None:
        if key:
            self.sheet.page.keyboard.down(key)
        self.sheet.page.mouse.click(*point)
        if key:
            self.sheet.page.keyboard.up(key)

    def add(self) -> None:
        self.sheet.add(self.chance.choice(SEARCHES))

    def move(self) -> None:
        heads = self.within_reach(HEAD)
        if heads:
            x, y = self.chance.choice(heads)
            self.sheet.drag((x, y), (x + self.chance.randint(-90, 90), y + self.chance.randint(-90, 90)))

    def connect(self) -> None:
        outputs = self.within_reach(".react-flow__handle.source", 6)
        inputs = self.within_reach(".react-flow__handle.target", 6)
        if outputs and inputs:
            self.sheet.drag(self.chance.choice(outputs), self.chance.choice(inputs))
        self.sheet.press("Escape")

    def delete(self) -> None:
        self.pick(1)
        self.sheet.press("Delete")

    def write(self) -> None:
        fields = self.within_reach(".card textarea:enabled")
        if fields:
            self.press_at(self.chance.choice(fields))
            self.sheet.page.keyboard.insert_text(f" and fox number {self.chance.randint(0, 999)}")

    def duplicate(self) -> None:
        self.pick(self.chance.randint(1, 3))
        self.sheet.press("Control+d")

    def copy_and_paste(self) -> None:
        self.pick(self.chance.randint(1, 3))
        self.sheet.press("Control+c")
        self.sheet.press("Control+v")

    def switch(self) -> None:
        self.pick(self.chance.randint(1, 2))
        self.sheet.press(self.chance.choice(["Control+m", "Control+b", "Alt+c"]))

    def group(self) -> None:
        self.pick(2)
        self.sheet.press("Control+g")
        self.sheet.press("Escape")

    def line_up(self) -> None:
        self.pick(3)
        self.sheet.press(self.chance.choice(["Alt+a", "Alt+w", "l"]))

    def subgraph(self) -> None:
        self.pick(self.chance.randint(1, 3))
        self.sheet.press("Control+Shift+g")
        self.sheet.press("Escape")

    def unpack(self) -> None:
        self.sheet.press("Control+a")
        self.sheet.press("Control+Shift+u")

    def enter(self) -> None:
        doors = self.within_reach("[data-testid=enter]", 8)
        if doors:
            self.press_at(self.chance.choice(doors))

    def leave(self) -> None:
        self.sheet.press("Escape")
        self.sheet.press("u")

    def undo(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            self.sheet.press("Control+z")

    def redo(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            self.sheet.press("Control+Shift+z")

    def reload(self) -> None:
        """Reload at once, saved or not: nothing may be missing on the page that comes."""
        before = self.sheet.drawn()
        self.sheet.page.reload()
        expect(self.sheet.page.get_by_test_id("title")).not_to_have_value("")
        expect(self.sheet.page.locator(".react-flow__node, .empty-hint").first).to_be_visible()
        assert self.sheet.drawn() == before, self.done

    def lose_the_server(self) -> None:
        """Kill the server, go on editing without it, and start it again."""
        self.sheet.server.stop(SIGKILL)
        self.write()
        self.move()
        self.sheet.server.start()


EDITS = [
    *("add", "move", "move", "connect", "connect", "delete", "write", "write", "duplicate"),
    *("copy_and_paste", "switch", "group", "line_up", "subgraph", "unpack", "enter", "leave"),
    *("undo", "undo", "redo", "reload"),
]


def play(sheet: Sheet, seed: int, steps: int = 10) -> list[str]:
    """Play one sequence; afterwards the server has what the canvas has. Returns what was done."""
    monkey = Monkey(sheet, random.Random(seed))
    monkey.play(steps, EDITS)
    if seed % 7 == 3:
        monkey.play(1, ["lose_the_server"])
    monkey.sheet.press("Escape")
    sheet.saved()
    return monkey.done
