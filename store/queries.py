"""The statements of sql/queries, each a file named for what it does."""

from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text

FOLDER = Path(__file__).parents[1] / "sql" / "queries"


@cache
def query(name: str) -> TextClause:
    """The statement sql/queries/<name>.sql; its parameters are written `:name`."""
    return text(query_text(name))


@cache
def query_text(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text()
