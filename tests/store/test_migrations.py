"""Migrations: once each, all or nothing, safe for many at once."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from store.database import Database
from store.migrations import FOLDER, LOCK, MigrationError, migrate, missing_migrations, read_migrations
from tests.engine.worker import ROOT

ALL = [path.name for path in sorted((FOLDER / "migrations").glob("*.sql"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A schema of its own: one table, one view on it."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "views").mkdir()
    (tmp_path / "migrations" / "0001_things.sql").write_text("create table things (n int);")
    (tmp_path / "views" / "all_things.sql").write_text("create view all_things as select n from things;")
    return tmp_path


def release_of(version: int, tmp_path: Path) -> Path:
    """The schema as it was at a migration."""
    shutil.copytree(FOLDER, tmp_path / "sql")
    for later in sorted((tmp_path / "sql" / "migrations").glob("*.sql"))[version:]:
        later.unlink()
    shutil.rmtree(tmp_path / "sql" / "functions")
    return tmp_path / "sql"


def names(url: str) -> list[str]:
    with psycopg.connect(url) as conn:
        return [row[0] for row in conn.execute("select name from schema_migrations order by version")]


def relation(url: str, name: str) -> object:
    with psycopg.connect(url) as conn:
        row = conn.execute("select to_regclass(%s)", [name]).fetchone()
    return row and row[0]


def test_an_empty_database_gets_everything_and_then_nothing(empty_database_url: str) -> None:
    first = migrate(empty_database_url)
    assert (first.applied, first.views_recreated, first.version) == (ALL, True, len(ALL))
    second = migrate(empty_database_url)
    assert (second.applied, second.views_recreated, second.version) == ([], False, len(ALL))


def test_many_processes_at_once_apply_each_file_once(empty_database_url: str) -> None:
    code = "import sys; from store.migrations import migrate; print(migrate(sys.argv[1]).applied)"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0]
    applied = [name for line in said for name in ALL if name in line]
    assert sorted(applied) == ALL
    assert names(empty_database_url)[1:] == ALL


def test_an_edited_file_is_refused_by_name(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, folder=folder)
    (folder / "migrations" / "0001_things.sql").write_text("create table things (n bigint);")
    with pytest.raises(MigrationError, match=r"0001_things\.sql was changed"):
        migrate(empty_database_url, folder=folder)


def test_a_failing_file_leaves_nothing_and_says_where(empty_database_url: str, folder: Path) -> None:
    (folder / "migrations" / "0002_more.sql").write_text("create table more (n int);\nselect nothing_here;\n")
    with pytest.raises(MigrationError, match=r"0002_more\.sql, line 2: column .nothing_here. does not exist"):
        migrate(empty_database_url, folder=folder)
    assert relation(empty_database_url, "things")
    assert relation(empty_database_url, "more") is None
    assert names(empty_database_url) == ["0001_things.sql"]


def test_a_changed_view_is_made_anew(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, folder=folder)
    (folder / "views" / "all_things.sql").write_text(
        "create view all_things as select n + 1 as m from things;"
    )
    assert migrate(empty_database_url, folder=folder).views_recreated
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("select m from all_things")


def test_a_view_without_a_file_is_dropped(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, folder=folder)
    (folder / "views" / "all_things.sql").unlink()
    (folder / "views" / "many_things.sql").write_text("create view many_things as select n from things;")
    migrate(empty_database_url, folder=folder)
    assert relation(empty_database_url, "all_things") is None
    assert relation(empty_database_url, "many_things")


def test_views_that_a_failed_run_has_lost_come_back(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, folder=folder)
    view = folder / "views" / "all_things.sql"
    good = view.read_text()
    (folder / "migrations" / "0002_wide.sql").write_text(
        "drop view all_things; alter table things alter n type bigint;"
    )
    view.write_text("create view all_things as select nothing_here from things;")
    with pytest.raises(MigrationError, match=r"all_things\.sql, line 1"):
        migrate(empty_database_url, folder=folder)
    view.write_text(good)
    assert migrate(empty_database_url, folder=folder).views_recreated
    assert relation(empty_database_url, "all_things")


@pytest.mark.parametrize("second", ["0003_gap.sql", "0001_again.sql", "2_short.sql", "0002_Wrong Name.sql"])
def test_wrong_names_and_numbers_are_refused(folder: Path, second: str) -> None:
    (folder / "migrations" / second).write_text("select 1;")
    with pytest.raises(MigrationError):
        read_migrations(folder)


def test_a_held_table_is_waited_for(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, folder=folder)
    (folder / "migrations" / "0002_column.sql").write_text("alter table things add column m int;")
    waiting = threading.Event()
    with psycopg.connect(empty_database_url) as holder:
        holder.execute("select 1 from things")  # its lock is held until the transaction ends
        said: list[str] = []

        def tell(line: str) -> None:
            said.append(line)
            if "waiting for a lock" in line and not waiting.is_set():
                waiting.set()
                holder.rollback()

        assert migrate(empty_database_url, folder=folder, log=tell).applied == ["0002_column.sql"]
    assert waiting.is_set()


def test_a_table_that_stays_held_is_given_up(
    empty_database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.migrations.LOCK_TIMEOUT", "10ms")
    monkeypatch.setattr("store.migrations.LOCK_TRIES", 2)
    migrate(empty_database_url, folder=folder)
    (folder / "migrations" / "0002_column.sql").write_text("alter table things add column m int;")
    with psycopg.connect(empty_database_url) as holder:
        holder.execute("select 1 from things")
        with pytest.raises(MigrationError, match="another session holds a table"):
            migrate(empty_database_url, folder=folder)
    assert migrate(empty_database_url, folder=folder).applied == ["0002_column.sql"]


def test_another_process_that_migrates_is_waited_for(empty_database_url: str, folder: Path) -> None:
    with psycopg.connect(empty_database_url) as other:
        other.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        said: list[str] = []

        def tell(line: str) -> None:
            said.append(line)
            other.rollback()

        assert migrate(empty_database_url, folder=folder, log=tell).version == 1
    assert said[0] == "another process is migrating: waiting for it"


def test_another_process_that_never_ends_is_given_up(
    empty_database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.migrations.TURN_TIMEOUT", "10ms")
    with psycopg.connect(empty_database_url) as other:
        other.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        with pytest.raises(MigrationError, match="another process has been migrating for 10ms"):
            migrate(empty_database_url, folder=folder)


def test_a_newer_database_is_accepted_and_keeps_its_views(empty_database_url: str, folder: Path) -> None:
    view = folder / "views" / "all_things.sql"
    old = view.read_text()
    (folder / "migrations" / "0002_more.sql").write_text("create table more (n int);")
    view.write_text("create view all_things as select n, 1 as more from things;")
    migrate(empty_database_url, folder=folder)
    (folder / "migrations" / "0002_more.sql").unlink()
    view.write_text(old)
    said: list[str] = []
    report = migrate(empty_database_url, folder=folder, log=said.append)
    assert (report.applied, report.views_recreated, report.version) == ([], False, 2)
    assert any("newer than this release" in line for line in said)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("select more from all_things")


def test_an_old_server_is_refused(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.migrations.OLDEST_SERVER", 990_000)
    with pytest.raises(MigrationError, match="PostgreSQL 15 or newer is needed"):
        migrate(empty_database_url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://someone:hunter2@127.0.0.1:1/none", "cannot be reached"),
        ("postgresql://someone:pass@hunter2@127.0.0.1/none", "more than one @"),
        ("postgresql://someone:hunter2%zz@127.0.0.1/none", "is not like postgresql://"),
        ("postgresql://someone:hunter2@127.0.0.1/none?wrong=1", "is not like postgresql://"),
        ("somebody:hunter2@127.0.0.1", "is not like postgresql://"),
    ],
)
def test_a_wrong_url_is_one_line_without_the_password(url: str, complaint: str) -> None:
    with pytest.raises(MigrationError, match=complaint) as refused:
        migrate(url)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_what_is_missing_is_named(empty_database_url: str, folder: Path) -> None:
    database = Database(empty_database_url, process="test")
    try:
        async with database.read() as conn:
            assert await missing_migrations(conn, folder) == ["0001_things.sql"]
        migrate(empty_database_url, folder=folder)
        async with database.read() as conn:
            assert await missing_migrations(conn, folder) == []
            assert await conn.scalar(text("select count(*) from things")) == 0
    finally:
        await database.close()


def test_jobs_that_were_being_aborted_when_they_ended_are_cancelled(
    empty_database_url: str, tmp_path: Path
) -> None:
    migrate(empty_database_url, folder=release_of(7, tmp_path))
    with psycopg.connect(empty_database_url) as conn:
        conn.execute(
            "insert into procrastinate_jobs (queue_name, task_name, status, finished_at)"
            " values ('default', 'x', 'aborting', now())"
        )
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        assert conn.execute("select status from job_queue").fetchall() == [("cancelled",)]


def test_of_the_trainings_of_a_repeated_job_the_first_stays_the_only_one(
    empty_database_url: str, tmp_path: Path
) -> None:
    add = (
        "insert into training_results (job_id, sport, as_of, training_matches, validation_matches, seconds,"
        " outcome, is_dry_run, checks, reason) values (%s, 'football', now(), 1, 1, 1, %s, false, '[]', '')"
    )
    migrate(empty_database_url, folder=release_of(14, tmp_path))
    with psycopg.connect(empty_database_url) as conn:
        for training in [(7, "deployed"), (8, "passed"), (7, "refused"), (7, "refused")]:
            conn.execute(add, training)
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        kept = conn.execute("select job_id, outcome from training_results order by id").fetchall()
        assert kept == [(7, "deployed"), (8, "passed")]
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute(add, (8, "refused"))
