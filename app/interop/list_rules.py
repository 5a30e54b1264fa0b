"""The lines of the table for lists."""

from __future__ import annotations

from app.interop.image_rules import several
from app.interop.rules import Out, Part, Rule, Same

MOST = 16
ANY = "*"
LIST_RULES = (
    Rule(
        "CreateList",
        (Part("collect_list", several("values", "inputs.input", MOST)),),
        {f"inputs.input{at}": ANY for at in range(MOST)},
        {},
        (Out("list", ANY, "any"),),
        optional=frozenset(f"inputs.input{at}" for at in range(1, MOST)),
    ),
    Rule(
        "GetItemFromList",
        (Part("pick_from_list", {"values": Same("list"), "number": Same("index")}),),
        {"list": ANY},
        {"index": 0},
        (Out(ANY, ANY, "any"),),
    ),
)
