"""The typed tables of store.tables against the schema that sql/ defines."""

import importlib.resources
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import psycopg
import pytest
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

import store.tables
from store.tables.base import metadata

for _module in iter_modules(store.tables.__path__):
    import_module(f"store.tables.{_module.name}")

ROOT = Path(__file__).parents[2]
OURS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull, c.relkind = 'v'
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
      and a.attnum > 0 and not attisdropped
      and c.relname not similar to '(procrastinate|jobs_|test)%' and c.relname <> 'schema_migrations'
"""


@pytest.fixture(scope="module")
def columns(database_url: str) -> dict[tuple[str, str], tuple[str, bool]]:
    with psycopg.connect(database_url) as conn:
        return {(table, name): (kind, null or view) for table, name, kind, null, view in conn.execute(OURS)}


def test_every_table_and_column_is_typed_and_nothing_else(
    columns: dict[tuple[str, str], tuple[str, bool]],
) -> None:
    typed = {(table.name, column.name) for table in metadata.tables.values() for column in table.c}
    assert typed == set(columns)


@pytest.mark.parametrize("table", metadata.tables.values(), ids=lambda table: table.name)
def test_types_and_nulls_are_those_of_the_database(
    table: Table, columns: dict[tuple[str, str], tuple[str, bool]]
) -> None:
    for column in table.c:
        kind, nullable = columns[table.name, column.name]
        assert _sql_type(column) == kind.replace("character varying(128)", "text").replace(",", ", "), column
        # A view's columns have no constraint to compare with.
        if not table.info.get("is_view"):
            assert column.nullable == nullable, column


def _sql_type(column: Column[object]) -> str:
    return str(column.type.compile(dialect=postgresql.dialect())).lower()  # type: ignore[no-untyped-call]


def test_the_schema_of_procrastinate_is_the_installed_one() -> None:
    shipped = (importlib.resources.files("procrastinate") / "sql" / "schema.sql").read_text()
    ours = (ROOT / "sql" / "migrations" / "0001_procrastinate.sql").read_text()
    assert ours.split("\n", 2)[2] == shipped
