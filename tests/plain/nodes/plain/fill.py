from app.graph.node import node


class Filled(bytearray):
    """Memory that says how much it is."""

    @property
    def nbytes(self) -> int:
        return len(self)


@node()
def fill(megabytes: int = 1, mark: int = 0) -> Filled:
    """Take memory and keep it.

    Args:
        megabytes: How much.
        mark: Tells results apart.
    """
    return Filled(megabytes * 2**20)
