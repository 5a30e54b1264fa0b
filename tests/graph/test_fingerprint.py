from app.graph import catalog
from app.graph.fingerprint import fingerprints
from app.graph.resolve import links_of, ordered
from app.graph.workflow import Workflow
from tests.documents import workflow

PLAIN = catalog.find(("tests.plain.nodes",))


def keys(document: Workflow, state: str = "") -> dict[str, str]:
    links = links_of(document.graph, PLAIN)
    order, _ = ordered(links, set(links))
    return fingerprints(order, document.graph, links, PLAIN, lambda entry, name: state)


def chain(value: int = 1, b: int = 0) -> Workflow:
    nodes = {"n": ("number", {"value": value}), "a": ("add", {"b": b}), "s": "show"}
    return workflow(nodes, "n.int > a.a", "a.int > s.value")


def changed(one: dict[str, str], two: dict[str, str]) -> set[str]:
    return {id for id in one if one[id] != two[id]}


def test_a_change_reaches_what_it_feeds_and_nothing_else() -> None:
    assert changed(keys(chain()), keys(chain())) == set()
    assert changed(keys(chain()), keys(chain(value=2))) == {"n", "a", "s"}
    assert changed(keys(chain()), keys(chain(b=2))) == {"a", "s"}


def test_a_default_equals_the_same_value_written_down() -> None:
    assert keys(chain()) == keys(
        workflow({"n": "number", "a": "add", "s": "show"}, "n.int > a.a", "a.int > s.value")
    )


def test_names_do_not_matter_but_wiring_does() -> None:
    renamed = workflow({"x": "number", "a": ("add", {"b": 0}), "s": "show"}, "x.int > a.a", "a.int > s.value")
    assert keys(renamed)["s"] == keys(chain())["s"]
    crossed = workflow({"n": "number", "a": ("add", {"a": 1}), "s": "show"}, "n.int > a.b", "a.int > s.value")
    assert keys(crossed)["s"] != keys(chain())["s"]


def test_a_changed_file_changes_the_key() -> None:
    document = workflow({"p": ("picture", {"name": "cat.png"}), "s": "show"}, "p.int > s.value")
    assert changed(keys(document, "one"), keys(document, "two")) == {"p", "s"}


def test_a_bypassed_node_hands_on_its_input() -> None:
    nodes = {"m": "build", "t": {"type": "trick", "mode": "bypass"}, "u": "use"}
    links = links_of(workflow(nodes, "m.model > t.model", "t.model > u.model").graph, PLAIN)
    assert links["u"]["model"][0].node == "m"


def test_a_muted_node_gives_nothing() -> None:
    nodes = {"m": {"type": "build", "mode": "mute"}, "u": "use"}
    assert links_of(workflow(nodes, "m.model > u.model").graph, PLAIN) == {"u": {}}


def test_bypassed_nodes_in_a_circle_end() -> None:
    nodes = {"t": {"type": "trick", "mode": "bypass"}, "r": {"type": "trick", "mode": "bypass"}, "u": "use"}
    edges = ("t.model > r.model", "r.model > t.model", "r.model > u.model")
    assert links_of(workflow(nodes, *edges).graph, PLAIN) == {"u": {}}
