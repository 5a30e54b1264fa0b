"""The preview frames of the last runs, so that a run can be looked at step by step when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

ROOM = 64 * 2**20
CONTENT_TYPES = ("image/jpeg", "image/webp", "image/png")


@dataclass(frozen=True)
class Frame:
    """One preview as it came: format (0 JPEG, 1 WebP, 2 PNG), node id, image bytes."""

    format: int
    node: str
    image: bytes

    @classmethod
    def unpack(cls, packet: bytes) -> Frame:
        """Read `u8 kind, u8 format, u16 length of the node id, node id, image`."""
        end = 4 + int.from_bytes(packet[2:4], "big")
        return cls(packet[1], packet[4:end].decode(), packet[end:])

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.format]


@dataclass
class Reels:
    """Frames by job and node, in the order they came. The oldest jobs go when `room` (bytes) is used up.

    A job that needs more than the room alone loses every second frame of its longest reel.
    """

    room: int = ROOM
    size: int = 0
    jobs: dict[str, dict[str, list[Frame]]] = field(default_factory=dict)

    def add(self, job: str, frame: Frame) -> None:
        self.jobs.setdefault(job, {}).setdefault(frame.node, []).append(frame)
        self.size += len(frame.image)
        while self.size > self.room:
            self.make_room()

    def make_room(self) -> None:
        oldest, reels = next(iter(self.jobs.items()))
        if len(self.jobs) > 1:
            gone = [frame for reel in reels.values() for frame in reel]
            del self.jobs[oldest]
        else:
            longest = max(reels.values(), key=len)
            gone = longest[-2::-2] if len(longest) > 1 else longest[:]
            longest[:] = longest[::-2][::-1] if len(longest) > 1 else []
        self.size -= sum(len(frame.image) for frame in gone)

    def lengths(self, job: str) -> dict[str, int]:
        """Return how many frames each node of a job has."""
        return {node: len(reel) for node, reel in self.jobs.get(job, {}).items() if reel}

    def frame(self, job: str, node: str, index: int) -> Frame | None:
        """Return a frame, the first is 0; None when it is not kept."""
        reel = self.jobs.get(job, {}).get(node, [])
        return reel[index] if 0 <= index < len(reel) else None
