"""The resident memory of an idle API process, started as in production. Fails above the limit."""

import sys
import time

import httpx2
import psutil

from bench.report import report
from bench.stage import stage

LIMIT_MB = 120.0
REQUESTS = 500
# Long enough for whatever the first requests set off to be over.
QUIET_SECONDS = 2
MEGABYTE = 1_000_000


def main() -> int:
    with stage() as ready:
        web, url = ready.start_web("cli.main", "api")
        idle = _resident_after_quiet(web.pid)
        with httpx2.Client(base_url=url, trust_env=False) as client:
            for _ in range(REQUESTS):
                client.get("/api/jobs").raise_for_status()
        used = _resident_after_quiet(web.pid)
    report("api_memory_mb", {"idle": idle, f"after_{REQUESTS}_requests": used, "limit": LIMIT_MB})
    return 0 if max(idle, used) <= LIMIT_MB else 1


def _resident_after_quiet(pid: int) -> float:
    time.sleep(QUIET_SECONDS)
    return float(psutil.Process(pid).memory_info().rss / MEGABYTE)


if __name__ == "__main__":
    sys.exit(main())
