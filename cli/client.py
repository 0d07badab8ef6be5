"""The API as the command uses it: typed answers, and each thing that can go wrong as one line."""

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from cli.answers import (
    Attempts,
    Cleaned,
    DefaultSchedules,
    Job,
    JobPage,
    JobsCancelled,
    JobTypes,
    Pipeline,
    Problem,
    Queue,
    Queues,
    Schedule,
    SchedulePage,
    ScheduleTicks,
    Upcoming,
    Workers,
)
from cli.bet_answers import BetPage, BetPerformance, BetWithTrail, ServedPerformances
from cli.failures import CommandFailed, OutOfReach, WrongUsage
from cli.model_answers import InService, Models, ServiceChanges, Trainings, Version, Versions
from cli.prediction_answers import MatchPrediction, PickPage, PredictionRunPage, Predictions

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 15.0
# The API sends a comment each 15 seconds: a stream that is silent for longer is dead.
STREAM_SILENCE_SECONDS = 40.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
HEADER_TEXT = re.compile(r"[\x21-\x7e]{1,100}")
A = TypeVar("A", bound=BaseModel)


class Refused(CommandFailed):
    """The API answered, and said no."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.line())
        self.status = problem.status


class Api:
    """One API, by its address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        address = _checked(self.url)
        # A proxy of the environment knows nothing about this machine's own ports.
        is_remote = address.host not in LOOPBACK
        self._http = httpx2.Client(
            base_url=self.url, timeout=TIMEOUT_SECONDS, headers=_who_asks(), trust_env=is_remote
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def submit(self, job_type: str, params: dict[str, Any], **options: Any) -> Job:
        body = {"type": job_type, "params": params, **_given(options)}
        return self._ask(Job, "POST", "/api/jobs", json=body)

    def job(self, job_id: int) -> Job:
        return self._ask(Job, "GET", f"/api/jobs/{job_id}")

    def attempts(self, job_id: int) -> Attempts:
        return self._ask(Attempts, "GET", f"/api/jobs/{job_id}/attempts")

    def jobs(self, **filters: Any) -> JobPage:
        return self._ask(JobPage, "GET", "/api/jobs", params=_given(filters))

    def job_types(self) -> JobTypes:
        return self._ask(JobTypes, "GET", "/api/jobs/types")

    def cancel(self, job_id: int) -> Job:
        return self._ask(Job, "POST", f"/api/jobs/{job_id}/cancel")

    def cancel_many(self, **conditions: Any) -> JobsCancelled:
        return self._ask(JobsCancelled, "POST", "/api/jobs/cancel", json=_given(conditions))

    def retry(self, job_id: int) -> Job:
        return self._ask(Job, "POST", f"/api/jobs/{job_id}/retry")

    def clean_up(self, older_than_days: float) -> Cleaned:
        return self._ask(Cleaned, "DELETE", "/api/jobs/cleanup", params={"older_than_days": older_than_days})

    def submit_pipeline(self, body: dict[str, Any]) -> Pipeline:
        return self._ask(Pipeline, "POST", "/api/pipelines", json=body)

    def pipeline(self, pipeline_id: int, *, results: bool = False) -> Pipeline:
        params = {"results": "true"} if results else {}
        return self._ask(Pipeline, "GET", f"/api/pipelines/{pipeline_id}", params=params)

    def cancel_pipeline(self, pipeline_id: int) -> Pipeline:
        return self._ask(Pipeline, "POST", f"/api/pipelines/{pipeline_id}/cancel")

    def retry_pipeline(self, pipeline_id: int) -> Pipeline:
        return self._ask(Pipeline, "POST", f"/api/pipelines/{pipeline_id}/retry")

    def queues(self) -> Queues:
        return self._ask(Queues, "GET", "/api/queues")

    def pause_queue(self, name: str) -> Queue:
        return self._ask(Queue, "POST", f"/api/queues/{quote(name, safe='')}/pause")

    def resume_queue(self, name: str) -> Queue:
        return self._ask(Queue, "POST", f"/api/queues/{quote(name, safe='')}/resume")

    def workers(self) -> Workers:
        return self._ask(Workers, "GET", "/api/workers")

    def add_schedule(self, name: str, job_type: str, **options: Any) -> Schedule:
        body = {"name": name, "type": job_type, **_given(options)}
        return self._ask(Schedule, "POST", "/api/schedules", json=body)

    def add_default_schedules(self) -> DefaultSchedules:
        return self._ask(DefaultSchedules, "POST", "/api/schedules/defaults")

    def schedules(self, cursor: str | None = None) -> SchedulePage:
        return self._ask(
            SchedulePage, "GET", "/api/schedules", params=_given({"cursor": cursor, "limit": 200})
        )

    def schedule(self, name: str) -> Schedule:
        return self._ask(Schedule, "GET", _schedule(name))

    def upcoming(self, name: str, count: int) -> Upcoming:
        return self._ask(Upcoming, "GET", f"{_schedule(name)}/upcoming", params={"count": count})

    def ticks(self, name: str, limit: int) -> ScheduleTicks:
        return self._ask(ScheduleTicks, "GET", f"{_schedule(name)}/ticks", params={"limit": limit})

    def pause_schedule(self, name: str) -> Schedule:
        return self._ask(Schedule, "POST", f"{_schedule(name)}/pause")

    def resume_schedule(self, name: str) -> Schedule:
        return self._ask(Schedule, "POST", f"{_schedule(name)}/resume")

    def run_schedule(self, name: str) -> Job:
        return self._ask(Job, "POST", f"{_schedule(name)}/run")

    def delete_schedule(self, name: str) -> None:
        self._answered("DELETE", _schedule(name))

    def bets(self, **filters: Any) -> BetPage:
        return self._ask(BetPage, "GET", "/api/bets", params=_given(filters))

    def bet(self, bet_id: int) -> BetWithTrail:
        return self._ask(BetWithTrail, "GET", f"/api/bets/{bet_id}")

    def bet_performance(self, **filters: Any) -> BetPerformance:
        return self._ask(BetPerformance, "GET", "/api/bets/performance", params=_given(filters))

    def models(self) -> Models:
        return self._ask(Models, "GET", "/api/models")

    def versions(self, name: str, **page: Any) -> Versions:
        return self._ask(Versions, "GET", f"{_model(name)}/versions", params=_given(page))

    def version(self, name: str, version: int) -> Version:
        return self._ask(Version, "GET", f"{_model(name)}/versions/{version}")

    def promote(self, name: str, version: int, reason: str) -> InService:
        body = {"version": version, "reason": reason}
        return self._ask(InService, "POST", f"{_model(name)}/promote", json=body)

    def roll_back(self, name: str, **body: Any) -> InService:
        return self._ask(InService, "POST", f"{_model(name)}/rollback", json=_given(body))

    def service_changes(self, **page: Any) -> ServiceChanges:
        return self._ask(ServiceChanges, "GET", "/api/models/audit", params=_given(page))

    def trainings(self, **page: Any) -> Trainings:
        return self._ask(Trainings, "GET", "/api/trainings", params=_given(page))

    def league_predictions(self, league: str) -> Predictions:
        return self._ask(Predictions, "GET", f"/api/v1/predictions/league/{quote(league, safe='')}")

    def match_prediction(self, match_id: int) -> MatchPrediction:
        return self._ask(MatchPrediction, "GET", f"/api/v1/predictions/match/{match_id}")

    def picks(self, **filters: Any) -> PickPage:
        return self._ask(PickPage, "GET", "/api/v1/picks", params=_given(filters))

    def prediction_runs(self, limit: int) -> PredictionRunPage:
        return self._ask(PredictionRunPage, "GET", "/api/v1/prediction-runs", params={"limit": limit})

    def model_performance(self, **filters: Any) -> ServedPerformances:
        return self._ask(ServedPerformances, "GET", "/api/models/performance", params=_given(filters))

    def changes(self, job_id: int) -> Iterator[Job]:
        """The job now and at each change, as far as one event stream goes."""
        silence = httpx2.Timeout(TIMEOUT_SECONDS, read=STREAM_SILENCE_SECONDS)
        with (
            self._reached(),
            self._http.sse(f"{self.url}/api/jobs/{job_id}/events", timeout=silence) as events,
        ):
            if events.response.is_error:
                events.response.read()
                raise _refusal(events.response, self.url)
            for event in events:
                yield _parsed(Job, event.data, self.url)

    def why_not_ready(self) -> str | None:
        """One line, or None once the API says that requests may be sent."""
        try:
            with self._reached():
                answer = self._http.get("/ready")
        except OutOfReach as error:
            return str(error)
        return None if answer.is_success else str(_refusal(answer, self.url))

    def _ask(self, kind: type[A], method: str, path: str, **request: Any) -> A:
        return _parsed(kind, self._answered(method, path, **request), self.url)

    def _answered(self, method: str, path: str, **request: Any) -> str:
        with self._reached():
            answer = self._http.request(method, path, **request)
        if not answer.is_success:
            raise _refusal(answer, self.url)
        return answer.text

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx2.RequestError as error:
            reason = str(error) or type(error).__name__
            raise OutOfReach(
                f"the API at {self.url} cannot be reached: {reason} (start it with `matchday serve`, or name "
                "another with --url or MATCHDAY_URL)"
            ) from None


def _checked(url: str) -> httpx2.URL:
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise WrongUsage(f"{url!r} is no address: {error}") from None
    if address.scheme not in {"http", "https"} or not address.host:
        raise WrongUsage(f"{url!r} is no address: it must look like {DEFAULT_URL}")
    return address


def _refusal(answer: httpx2.Response, url: str) -> CommandFailed:
    try:
        problem = Problem.model_validate_json(answer.text)
    except ValidationError:
        return _stranger(url, f"HTTP {answer.status_code}")
    return OutOfReach(problem.line()) if problem.status == 503 else Refused(problem)


def _parsed(kind: type[A], text: str, url: str) -> A:
    try:
        return kind.model_validate_json(text)
    except ValidationError:
        raise _stranger(url, f"an answer that is no {kind.__name__}") from None


def _stranger(url: str, got: str) -> OutOfReach:
    return OutOfReach(f"{url} does not answer as matchday's API does: {got}")


def _schedule(name: str) -> str:
    return f"/api/schedules/{quote(name, safe='')}"


def _model(name: str) -> str:
    return f"/api/models/{quote(name, safe='')}"


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value not in (None, [], ())}


def _who_asks() -> dict[str, str]:
    """The user's name, shown with the job; left out where there is none that a header can carry."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return {}
    return {"X-Requested-By": name} if HEADER_TEXT.fullmatch(name) else {}
