"""The leagues that are known by code; the codes are football-data.co.uk's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class League:
    code: str
    name: str
    country: str


LEAGUES = {
    league.code: league
    for league in (
        League("E0", "Premier League", "England"),
        League("E1", "Championship", "England"),
        League("E2", "League One", "England"),
        League("E3", "League Two", "England"),
        League("EC", "National League", "England"),
        League("SC0", "Premiership", "Scotland"),
        League("SC1", "Championship", "Scotland"),
        League("SC2", "League One", "Scotland"),
        League("SC3", "League Two", "Scotland"),
        League("D1", "Bundesliga", "Germany"),
        League("D2", "2. Bundesliga", "Germany"),
        League("I1", "Serie A", "Italy"),
        League("I2", "Serie B", "Italy"),
        League("SP1", "La Liga", "Spain"),
        League("SP2", "Segunda División", "Spain"),
        League("F1", "Ligue 1", "France"),
        League("F2", "Ligue 2", "France"),
        League("N1", "Eredivisie", "Netherlands"),
        League("B1", "Pro League", "Belgium"),
        League("P1", "Primeira Liga", "Portugal"),
        League("T1", "Süper Lig", "Türkiye"),
        League("G1", "Super League", "Greece"),
    )
}


def league_name(code: str) -> str:
    """The league's name; the code itself where it is not known."""
    league = LEAGUES.get(code)
    return league.name if league else code


def country_of(code: str) -> str:
    """The country whose clubs play in the league; the code itself where it is not known."""
    league = LEAGUES.get(code)
    return league.country if league else code


def leagues_of(country: str) -> list[str]:
    """The codes of the leagues of a country, as `country_of` names it."""
    return [code for code, league in LEAGUES.items() if league.country == country] or [country]
