"""A file that is stored and has not changed is not sent again; what is not stored is not taken for it."""

from collections.abc import Iterator

import pytest
import stamina
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from config.settings import Settings
from store.database import Database
from store.providers import validators_of
from tests.handlers.live import ingested, live_settings
from tests.providers.web import Answer, WebServer, running

pytestmark = pytest.mark.anyio
CSV = "\n".join(["Div,Date,HomeTeam,AwayTeam,FTHG,FTAG", "E0,14/08/2021,Leeds,Everton,1,0"])


@pytest.fixture
def web() -> Iterator[WebServer]:
    with running() as server, stamina.set_testing(True, attempts=1):
        yield server


def file_of(web: WebServer, database: Database) -> Settings:
    tag = {"ETag": '"v1"', "Last-Modified": "Sat, 14 Aug 2021 20:00:00 GMT"}
    web.answer("/E0.csv", Answer(body=CSV.encode(), headers=tag), Answer(304))
    return live_settings(database.url, web, football_data=f"{web.url}/E0.csv")


async def test_a_file_that_has_not_changed_is_not_read_again(database: Database, web: WebServer) -> None:
    settings = file_of(web, database)
    first, again = await ingested(database, settings), await ingested(database, settings)
    headers = web.requests[-1].headers
    assert (first["inserted"], first["read"], again["read"]) == (1, 1, 0)
    assert headers["If-None-Match"] == '"v1"'
    assert headers["If-Modified-Since"] == "Sat, 14 Aug 2021 20:00:00 GMT"


async def test_a_file_is_read_again_if_that_is_wanted(database: Database, web: WebServer) -> None:
    settings = file_of(web, database)
    await ingested(database, settings)
    await ingested(database, settings, source="football_data")
    web.answer("/E0.csv", Answer(body=CSV.encode()))
    again = await ingested(database, settings, reread=True)
    assert ("If-None-Match" in web.requests[-1].headers, again["unchanged"]) == (False, 1)


async def test_what_was_read_of_some_leagues_only_is_asked_for_again(
    database: Database, web: WebServer
) -> None:
    settings = file_of(web, database)
    await ingested(database, settings, leagues=["D1"])
    web.answer("/E0.csv", Answer(body=CSV.encode()))
    whole = await ingested(database, settings)
    assert "If-None-Match" not in web.requests[-1].headers
    assert whole["inserted"] == 1


async def test_a_validator_is_not_kept_without_the_rows_it_stands_for(
    database: Database, web: WebServer
) -> None:
    settings = file_of(web, database)
    async with database.transaction() as conn:
        await conn.execute(text("alter table matches add constraint test_none check (false) not valid"))
    with pytest.raises(IntegrityError):
        await ingested(database, settings)
    async with database.transaction() as conn:
        await conn.execute(text("alter table matches drop constraint test_none"))
        assert await validators_of(conn, "football_data") == {}
