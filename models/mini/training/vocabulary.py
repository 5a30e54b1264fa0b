"""The words of the small world: colours, shapes, sprites, backgrounds, sizes and places."""

COLORS: dict[str, tuple[int, int, int]] = {
    "red": (220, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 215, 50),
    "green": (50, 165, 70),
    "blue": (45, 95, 220),
    "purple": (140, 60, 190),
    "pink": (250, 140, 190),
    "brown": (125, 75, 40),
    "black": (25, 25, 30),
    "white": (250, 250, 250),
    "gray": (140, 140, 145),
}
COLOR_NAMES = list(COLORS)
SHAPES = ["circle", "square", "triangle", "star", "heart", "ring", "cross", "crescent", "diamond", "hexagon"]
SPRITES = [
    "cat",
    "dog",
    "panda",
    "fox",
    "bear",
    "frog",
    "rabbit",
    "penguin",
    "fish",
    "butterfly",
    "ladybug",
    "turtle",
    "apple",
    "banana",
    "strawberry",
    "lemon",
    "grapes",
    "cherries",
    "carrot",
    "mushroom",
    "cactus",
    "tulip",
    "sunflower",
    "tree",
    "house",
    "car",
    "rocket",
    "boat",
    "balloon",
    "crown",
    "ghost",
    "robot",
]
KINDS = SHAPES + SPRITES
PATTERNS = ["plain", "striped", "checkered", "dotted", "gradient"]
LANDSCAPES = ["meadow", "night", "beach", "sunset", "snow"]
BACKGROUNDS = PATTERNS + LANDSCAPES
SIZES = ["small", "medium", "large"]
PLACES = ["center", "left", "right", "top", "bottom", "top left", "top right", "bottom left", "bottom right"]
# In a pair the first object stands left of the second, above it or around it; "two", "three": equal ones.
LAYOUTS = [*PLACES, "left of", "above", "inside", "two", "three"]

SIMILAR_COLORS = {
    frozenset(pair.split())
    for pair in [
        "red orange",
        "red pink",
        "orange yellow",
        "orange brown",
        "purple blue",
        "black brown",
        "white yellow",
        "gray white",
        "pink purple",
        "red brown",
        "gray blue",
        "white pink",
    ]
}
VISIBLE_ON_LANDSCAPE = {
    "meadow": ["red", "orange", "purple", "pink", "brown", "black", "white"],
    "night": ["red", "orange", "yellow", "pink", "white", "gray", "green"],
    "beach": ["red", "purple", "green", "black", "brown"],
    "sunset": ["blue", "black", "white", "green", "purple"],
    "snow": ["red", "orange", "green", "blue", "purple", "brown", "black", "pink"],
}
PLURALS = {
    "cherries": "cherries",
    "grapes": "grapes",
    "fish": "fish",
    "fox": "foxes",
    "cross": "crosses",
    "butterfly": "butterflies",
    "strawberry": "strawberries",
    "cactus": "cacti",
}


def is_similar(first: str, second: str | None) -> bool:
    """Return whether two colours are too close to tell an object from what is behind it."""
    return first == second or frozenset((first, second)) in SIMILAR_COLORS


def pattern_color(color: str) -> str:
    """Return the second colour of a pattern whose first colour is `color`."""
    return "gray" if color == "white" else "white"


def plural(kind: str) -> str:
    """Return the plural of a shape's or a sprite's name."""
    return PLURALS.get(kind, kind + "s")
