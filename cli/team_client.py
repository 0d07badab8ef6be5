"""The API's part on names of teams."""

from typing import Any

from cli.client import Api
from cli.team_answers import Alias, AliasPage, UnmatchedPage


class TeamsApi(Api):
    def unmatched(self, **filters: Any) -> UnmatchedPage:
        return self._ask(UnmatchedPage, "GET", "/api/v1/teams/unmatched", params=_without_none(filters))

    def aliases(self, **filters: Any) -> AliasPage:
        return self._ask(AliasPage, "GET", "/api/v1/teams/aliases", params=_without_none(filters))

    def confirm(self, body: dict[str, Any]) -> Alias:
        return self._ask(Alias, "POST", "/api/v1/teams/aliases", json=body)

    def forget(self, alias_id: int) -> None:
        self._answered("DELETE", f"/api/v1/teams/aliases/{alias_id}")


def _without_none(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}
