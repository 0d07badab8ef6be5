"""The settings of every process, read once from the environment or `.env`; a wrong one stops the start."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.artifact_location import Bucket, BucketAccess, artifact_location

QUEUE = re.compile(r"[A-Za-z0-9_.-]{1,128}(=[1-9][0-9]{0,3})?")
POSTGRES_SCHEMES = ("postgresql://", "postgres://")
# The address of an API; its key goes there.
HTTP = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"


class SettingsError(Exception):
    """A setting is missing or wrong; the text is one line that says what to do."""


class Settings(BaseSettings):
    """Every setting of matchday. `.env.example` documents each one for operators."""

    model_config = SettingsConfigDict(env_file=".env", extra="forbid", frozen=True)

    database_url: Annotated[str, Field(repr=False)] = ""
    database_url_direct: Annotated[str, Field(repr=False)] = ""
    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"

    api_host: str = "127.0.0.1"
    api_port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    max_body_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = 1_000_000

    worker_concurrency: Annotated[int, Field(ge=1, le=1_000)] = 10
    worker_processes: Annotated[int, Field(ge=1, le=256)] = Field(default_factory=lambda: os.cpu_count() or 1)
    worker_queues: str = ""
    worker_grace_seconds: Annotated[float, Field(ge=0, le=3_600)] = 30
    worker_preload: str = "pandas,sklearn.ensemble,xgboost"

    retention_completed_days: Annotated[float, Field(ge=0, le=36_500)] = 30
    retention_failed_days: Annotated[float, Field(ge=0, le=36_500)] = 90
    retention_cancelled_days: Annotated[float, Field(ge=0, le=36_500)] = 30

    matchday_home: Path = Path(".matchday")
    artifacts: str = ".matchday/artifacts"
    artifacts_endpoint: str = ""
    artifacts_region: str = ""
    artifacts_access_key_id: SecretStr = SecretStr("")
    artifacts_secret_access_key: SecretStr = SecretStr("")
    football_data: str = ""
    football_data_timezone: str = "Europe/London"
    football_data_org_key: SecretStr = SecretStr("")
    the_odds_api_key: SecretStr = SecretStr("")
    sportmonks_api_key: SecretStr = SecretStr("")
    rapidapi_key: SecretStr = SecretStr("")
    football_data_org_url: Annotated[str, Field(pattern=HTTP)] = "https://api.football-data.org/v4"
    the_odds_api_url: Annotated[str, Field(pattern=HTTP)] = "https://api.the-odds-api.com/v4"
    sportmonks_url: Annotated[str, Field(pattern=HTTP)] = "https://api.sportmonks.com/v3/football"

    @field_validator("database_url", "database_url_direct")
    @classmethod
    def _is_postgres(cls, url: str) -> str:
        if url and not url.startswith(POSTGRES_SCHEMES):
            raise ValueError("must start with postgresql:// or postgres://")
        try:
            conninfo_to_dict(url)
        except ProgrammingError:
            # libpq's own words may repeat the password.
            raise ValueError("is not a connection URL that PostgreSQL understands") from None
        return url

    @field_validator("football_data_timezone")
    @classmethod
    def _is_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("must be an IANA time zone such as Europe/London") from None
        return name

    @field_validator("football_data_org_key", "the_odds_api_key", "sportmonks_api_key", "rapidapi_key")
    @classmethod
    def _is_key(cls, key: SecretStr) -> SecretStr:
        # It becomes a header or part of an address; blank is as good as none.
        text = key.get_secret_value().strip()
        if not re.fullmatch(r"[!-~]*", text):
            raise ValueError("must be the key alone, without blanks or letters that are not ASCII")
        return SecretStr(text)

    @field_validator("worker_queues")
    @classmethod
    def _are_queues(cls, text: str) -> str:
        for part in filter(None, (part.strip() for part in text.split(","))):
            if not QUEUE.fullmatch(part):
                raise ValueError("must be names of queues, each with a most at once if wanted: cpu=2,default")
        return text

    @model_validator(mode="after")
    def _artifacts_have_a_place(self) -> Self:
        self.artifact_location()
        return self

    def artifact_location(self) -> Path | Bucket:
        """The folder or bucket of the model artifacts."""
        access = BucketAccess(
            self.artifacts_endpoint,
            self.artifacts_region,
            self.artifacts_access_key_id,
            self.artifacts_secret_access_key,
        )
        return artifact_location(self.artifacts, access)

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues a worker takes jobs from; none named means all."""
        return tuple(name for name, _ in self._queues)

    @property
    def queue_caps(self) -> dict[str, int]:
        """The most jobs at once of those queues that have a limit of their own."""
        return {name: int(cap) for name, cap in self._queues if cap}

    @property
    def _queues(self) -> list[tuple[str, str]]:
        parts = (part.strip() for part in self.worker_queues.split(","))
        return [(name, cap) for name, _, cap in (part.partition("=") for part in parts if part)]

    @property
    def preload(self) -> tuple[str, ...]:
        """The modules that the warm server loads before the first child is forked from it."""
        return tuple(name.strip() for name in self.worker_preload.split(",") if name.strip())

    @property
    def direct_url(self) -> str:
        """The server itself, not a pooler in front of it: for LISTEN and migrations."""
        return self.database_url_direct or self.database_url


def load_settings() -> Settings:
    """Reads the settings; raises SettingsError with one line that names every wrong variable."""
    return _read({})


def override(settings: Settings, values: dict[str, Any]) -> Settings:
    """The settings with some replaced, as a command line does; checked as those of the environment."""
    return _read({**settings.model_dump(), **values})


def _read(values: dict[str, Any]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        wrong = "; ".join(map(_said, error.errors()))
        raise SettingsError(f"wrong settings: {wrong} (see .env.example)") from None


def _said(error: ErrorDetails) -> str:
    """The variable and what is wrong. The value is left out: it may be a secret."""
    if not error["loc"]:
        # Of several settings together; the text names them.
        return error["msg"].removeprefix("Value error, ")
    return f"{'.'.join(map(str, error['loc'])).upper()}: {error['msg']}"


def require_database(settings: Settings) -> Settings:
    """For processes that cannot do without a database."""
    if not settings.database_url:
        raise SettingsError(
            "DATABASE_URL is not set: name a PostgreSQL server, or use `matchday serve` for an embedded one"
        )
    return settings
