"""Who takes part: what each needs installed, and at which concurrencies it runs."""

from dataclasses import dataclass

OURS = "matchday"
STOCK = "procrastinate"
LIMIT = "raw"
CONCURRENCIES = (10, 50)


@dataclass(frozen=True)
class Entry:
    """`module` is its file here. Without requirements it runs in the benchmark's own environment."""

    name: str
    module: str
    requirements: tuple[str, ...] = ()
    python_at_least: tuple[int, int] = (3, 11)
    concurrencies: tuple[int, ...] = CONCURRENCIES
    has_latency: bool = True
    has_depth: bool = True

    @property
    def is_peer(self) -> bool:
        return self.name not in (OURS, LIMIT)


PSYCOPG = "psycopg[binary]==3.3.9"
PGQUEUER = ("pgqueuer==1.6.0", "asyncpg==0.32.0", PSYCOPG)

ENTRIES = (
    Entry(OURS, "matchday"),
    Entry(STOCK, "procrastinate_stock", ("procrastinate==3.10.0", PSYCOPG)),
    Entry("pgqueuer-asyncpg", "pgqueuer_asyncpg", PGQUEUER),
    # Its tables and statements are those of the one above.
    Entry("pgqueuer-psycopg", "pgqueuer_psycopg", PGQUEUER, has_depth=False),
    Entry("chancy", "chancy_peer", ("chancy==0.26.0", PSYCOPG)),
    Entry("oban", "oban_peer", ("oban==0.7.0", PSYCOPG), python_at_least=(3, 12)),
    # Its concurrencies are the sizes of its batches; the best counts.
    Entry(LIMIT, "raw", concurrencies=(50, 200, 500), has_latency=False, has_depth=False),
)
