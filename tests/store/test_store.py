import sqlite3
from pathlib import Path

import pytest

from app.execution.context import Claim
from app.execution.events import JobFinished, NodeStarted, SavedFile
from app.execution.files import Folders
from app.store import workflows as workflows_module
from app.store.assets import Assets
from app.store.database import Database, NewerDatabase
from app.store.events import PAGE, EventLog
from app.store.jobs import ATTEMPTS, Jobs, NewJob
from app.store.workflows import Outdated, Workflows


@pytest.fixture
def database(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = Database(tmp_path / "user" / "test.db")
    yield opened
    opened.close()


MIGRATIONS = sorted((Path(__file__).parents[2] / "app" / "store" / "migrations").glob("*.sql"))


def test_migrations_run_once(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    for _ in range(2):
        database = Database(path)
        assert database.row("PRAGMA user_version")[0] == len(MIGRATIONS)  # type: ignore[index]
        assert database.row("PRAGMA journal_mode")[0] == "wal"  # type: ignore[index]
        database.close()


def test_a_file_of_the_first_version_keeps_its_content(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.executescript(MIGRATIONS[0].read_text() + "PRAGMA user_version = 1;")
        for job in ("first", "second"):
            row = (job, job, "{}", "[]", "queued", 1.0)
            old.execute(
                "INSERT INTO jobs (id, title, document, targets, status, created) VALUES (?,?,?,?,?,?)", row
            )
        for name in ("1.png", "2.png"):
            row = ("first", "save", "output", name, 8, 8, 1.0)
            old.execute(
                "INSERT INTO assets (job, node, folder, name, width, height, created) VALUES (?,?,?,?,?,?,?)",
                row,
            )
    old.close()
    database = Database(tmp_path / "old.db")
    assert Jobs(database, EventLog(database)).order() == ["first", "second"]
    folders = Folders(tmp_path / "output", tmp_path / "temp", tmp_path / "input", {})
    assert [asset.name for asset in Assets(database, folders).page(9)] == ["2.png", "1.png"]
    database.close()


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "new.db") as later:
        later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(NewerDatabase, match="version 99"):
        Database(tmp_path / "new.db")


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    log = EventLog(database)
    with pytest.raises(RuntimeError), database.transaction():
        log.add(NodeStarted("a"))
        raise RuntimeError
    assert log.last_seq() == 0
    with database.transaction():
        log.add(NodeStarted("a"))
        log.add(NodeStarted("b"))
    assert log.last_seq() == 2


def test_jobs_from_queue_to_end(database: Database) -> None:
    jobs = Jobs(database, EventLog(database))
    first, _ = jobs.add(NewJob("one", {"a": 1}, ["t"]))
    second, _ = jobs.add(NewJob("two", {}))
    assert jobs.next() == first and jobs.queued() == 2
    assert jobs.document(first.id) == {"a": 1} and jobs.targets(first.id) == ["t"]
    jobs.start(first.id)
    assert jobs.get(first.id).status == "running" and jobs.next() == second
    jobs.finish(first.id, JobFinished("failed", {"code": "x"}, 1.5))
    ended = jobs.get(first.id)
    assert (ended.status, ended.duration, ended.problem) == ("failed", 1.5, {"code": "x"})
    assert [job.id for job in jobs.page(10)] == [second.id, first.id]
    assert [job.id for job in jobs.page(10, before=second.id)] == [first.id]
    assert [job.id for job in jobs.page(10, status="queued")] == [second.id]
    jobs.delete(first.id)
    with pytest.raises(KeyError):
        jobs.get(first.id)
    assert jobs.log.of_job(first.id, "job_finished") == []


def test_a_higher_priority_runs_first_and_a_moved_job_takes_the_priority_of_its_new_place(
    database: Database,
) -> None:
    jobs = Jobs(database, EventLog(database))
    for id, priority in (("a", 0), ("b", 0), ("urgent", 5), ("idle", -1)):
        jobs.add(NewJob(id, {}, priority=priority, workflow="w", id=id))
    assert jobs.order() == ["urgent", "a", "b", "idle"] and jobs.get("a").workflow == "w"
    jobs.move("idle", "urgent")
    assert jobs.order() == ["idle", "urgent", "a", "b"] and jobs.get("idle").priority == 5
    jobs.move("idle", None)
    assert jobs.order() == ["urgent", "a", "b", "idle"] and jobs.get("idle").priority == 0
    jobs.add(NewJob("first", {}, id="first", rank=-1.0))
    assert jobs.order() == ["urgent", "first", "a", "b", "idle"]


def test_interrupted_jobs_are_tried_again_but_not_for_ever(database: Database) -> None:
    jobs = Jobs(database, EventLog(database))
    job, _ = jobs.add(NewJob("one", {}))
    for _ in range(ATTEMPTS - 1):
        jobs.start(job.id)
        assert jobs.requeue_interrupted() == []
        assert jobs.get(job.id).status == "queued"
    jobs.start(job.id)
    assert jobs.requeue_interrupted() == [job.id]


def test_events_after_a_place_come_in_pages(database: Database) -> None:
    log = EventLog(database)
    with database.transaction():
        for number in range(PAGE * 2 + 1):
            log.add(NodeStarted(str(number)))
    found = [record.seq for record in log.after(3)]
    assert found == list(range(4, PAGE * 2 + 2))


def test_two_savers_cannot_overwrite_each_other(database: Database) -> None:
    workflows = Workflows(database)
    saved = workflows.add("A", {"n": 1})
    assert workflows.save(saved.id, "A", {"n": 2}, 1).revision == 2
    with pytest.raises(Outdated) as outdated:
        workflows.save(saved.id, "A", {"n": 3}, 1)
    assert outdated.value.current == 2
    assert workflows.save(saved.id, "A", {"n": 2}, 2).revision == 2
    assert workflows.document(saved.id, 2) == {"n": 2}


def test_quick_saves_leave_one_revision_a_span(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(workflows_module.time, "time", lambda: now[0])
    workflows = Workflows(database)
    saved = workflows.add("A", {"n": 0})
    for number in range(1, 101):
        now[0] += 1
        workflows.save(saved.id, "A", {"n": number}, number)
    kept = [entry["revision"] for entry in workflows.revisions(saved.id)]
    assert kept[0] == 101 and kept[-1] == 1 and 3 <= len(kept) <= 6
    assert workflows.document(saved.id, 101) == {"n": 100}
    workflows.delete(saved.id)
    assert workflows.all() == [] and workflows.revisions(saved.id) == []


def test_a_file_name_belongs_to_its_job_and_place(database: Database, tmp_path: Path) -> None:
    folders = Folders(tmp_path / "output", tmp_path / "temp", tmp_path / "input", {})
    assets = Assets(database, folders)
    names = [assets.claim("job", Claim("save", n, "output", "p_{n}.png")) for n in range(3)]
    assert names == ["p_00001.png", "p_00002.png", "p_00003.png"]
    assert assets.claim("job", Claim("save", 1, "output", "p_{n}.png")) == names[1], (
        "a second try, the same name"
    )
    assert assets.page(9) == [], "what is not written yet is not shown"
    for name in names[:2]:
        assets.written(SavedFile("output", name, 8, 9), "job", "save")
    assert [asset.name for asset in assets.page(1)] == [names[1]]
    assert [asset.name for asset in assets.page(9, before=assets.find("output", names[1]).id)] == [names[0]]
    assets.release("job")
    assert not (folders.output / names[2]).exists() and (folders.output / names[0]).exists()
    with pytest.raises(KeyError):
        assets.find("output", names[2])


def test_pictures_are_found_by_kind_name_and_prompt(database: Database, tmp_path: Path) -> None:
    assets = Assets(database, Folders(tmp_path / "output", tmp_path / "temp", tmp_path / "input", {}))
    job, _ = Jobs(database, EventLog(database)).add(NewJob("Animals", {"prompt": "A red Fox"}))
    for name in ("one.png", "two.MP4", "three.gif"):
        assets.written(SavedFile("output", name, 8, 9), job.id, "save")
    assets.written(SavedFile("output", "stray.png", 8, 9), "forgotten", "save")

    def names(kind: str = "", search: str = "") -> list[str]:
        return [asset.name for asset in assets.page(9, kind=kind, search=search)]

    assert names(kind="videos") == ["three.gif", "two.MP4"] and names(kind="images") == [
        "stray.png",
        "one.png",
    ]
    assert names(search="FOX") == names(search="animals") == ["three.gif", "two.MP4", "one.png"]
    assert names(search="stray") == ["stray.png"] and names(kind="videos", search="two") == ["two.MP4"]


def test_a_name_whose_file_was_deleted_may_come_again(database: Database, tmp_path: Path) -> None:
    folders = Folders(tmp_path / "output", tmp_path / "temp", tmp_path / "input", {})
    name = Assets(database, folders).claim("one", Claim("save", 0, "temp", "t.png"))
    (folders.temp / name).unlink()
    later = Assets(database, folders)
    assert later.claim("two", Claim("save", 0, "temp", "t.png")) == name
    assert later.written(SavedFile("temp", name, 1, 1), "two", "save").job == "two"
    later.forget("temp")
    with pytest.raises(KeyError):
        later.find("temp", name)


def test_the_schema_refuses_nonsense(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute("INSERT INTO events (job, time, type, body) VALUES ('none', 0, 't', '{}')")


def test_a_revision_that_somebody_else_made_can_be_kept(database: Database) -> None:
    workflows = Workflows(database)
    id = workflows.add("first", {"a": 1}).id
    for revision, keep in ((1, False), (2, False), (3, True)):
        workflows.save(id, "next", {"a": revision + 1}, revision, keep=keep)
    assert [entry["revision"] for entry in workflows.revisions(id)] == [4, 3, 1]
