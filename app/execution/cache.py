"""Results of nodes by content key: in memory, bounded in bytes, with a second tier on disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

from app.execution.disk import DiskCache
from app.execution.result import NodeResult
from app.graph.spec import NodeSpec

SMALL = 2**16  # bytes; to forget less than this frees nothing worth it


class ResultCache:
    """Keeps results in memory up to `limit` (bytes) and `most` of them, those not used longest leave first.

    The newest one stays even when it alone is larger. What is worth it is on `disk` too.
    """

    def __init__(self, limit: int, disk: DiskCache | None = None, most: int | None = None) -> None:
        self.limit, self.disk, self.most = limit, disk, most
        self.used = 0
        self._results: OrderedDict[str, tuple[NodeResult, int]] = OrderedDict()

    def get(self, key: str, spec: NodeSpec) -> NodeResult | None:
        """Return the result stored under `key` and mark it as used just now."""
        if key in self._results:
            self._results.move_to_end(key)
            return self._results[key][0]
        result = self.disk.get(key, spec) if self.disk else None
        if result is not None:
            self.remember(key, result)
        return result

    def put(self, key: str, spec: NodeSpec, result: NodeResult, duration: float) -> None:
        """Store a node's result that took `duration` (s)."""
        self.remember(key, result)
        if self.disk:
            self.disk.put(key, spec, result, duration)

    def remember(self, key: str, result: NodeResult) -> None:
        """Keep a result in memory; older ones leave when the room is short."""
        self.drop(key)
        size = result.nbytes
        self._results[key] = (result, size)
        self.used += size
        while self.too_many() and len(self._results) > 1:
            self.drop(next(iter(self._results)))

    def too_many(self) -> bool:
        return self.used > self.limit or (self.most is not None and len(self._results) > self.most)

    def give_way(self, bytes: int, needed: Collection[str]) -> int:
        """Forget results in memory, those not used longest first, to free so many bytes; returns how many.

        The `needed` ones stay, and small ones too.
        """
        before = self.used
        for key, (_, size) in list(self._results.items()):
            if before - self.used >= bytes:
                break
            if key not in needed and size >= SMALL:
                self.drop(key)
        return before - self.used

    def free(self) -> None:
        """Forget everything in memory; what is on disk stays."""
        self._results.clear()
        self.used = 0

    def drop(self, key: str) -> None:
        """Forget one result in memory, if it is there."""
        if key in self._results:
            self.used -= self._results.pop(key)[1]
