with given as (
    select * from jsonb_to_recordset(cast(:rows as jsonb)) as g(
        league_code text, season text, kickoff_at timestamptz, kickoff_time_known boolean, home_team text,
        away_team text, home_goals smallint, away_goals smallint, result_known_at timestamptz, source text)
), changed as (
    insert into matches as m (league_code, season, kickoff_at, kickoff_time_known, home_team, away_team,
                              home_goals, away_goals, result_known_at, source)
    select league_code, season, kickoff_at, kickoff_time_known, home_team, away_team,
           home_goals, away_goals, result_known_at, source
    from given
    -- one lock order for every writer: two ingests at once cannot deadlock
    order by league_code, home_team, away_team, kickoff_at
    on conflict on constraint matches_natural_key do update
        set season = excluded.season,
            kickoff_at = excluded.kickoff_at,
            kickoff_time_known = excluded.kickoff_time_known,
            home_goals = coalesce(excluded.home_goals, m.home_goals),
            away_goals = coalesce(excluded.away_goals, m.away_goals),
            result_known_at = coalesce(excluded.result_known_at, m.result_known_at),
            source = excluded.source,
            updated_at = now()
        -- a list of fixtures that comes late must not erase a result
        where (m.season, m.kickoff_at, m.kickoff_time_known, m.source)
                  is distinct from (excluded.season, excluded.kickoff_at, excluded.kickoff_time_known, excluded.source)
           or (excluded.home_goals is not null
               and (m.home_goals, m.away_goals) is distinct from (excluded.home_goals, excluded.away_goals))
    returning (xmax = 0) as is_new
)
select count(*) filter (where is_new) as inserted, count(*) filter (where not is_new) as updated from changed
