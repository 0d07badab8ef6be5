with given as (
    select * from jsonb_to_recordset(cast(:rows as jsonb)) as g(
        league_code text, season text, kickoff_at timestamptz, kickoff_time_known boolean, home_team text,
        away_team text, home_goals smallint, away_goals smallint, result_known_at timestamptz, source text, status text)
), judged as (
    -- A source that tells no status leaves the one that is known, except that goals mean that the match was played;
    -- what the league awarded stands against what happened on the pitch.
    select g.league_code, g.season, g.kickoff_at, g.kickoff_time_known, g.home_team, g.away_team, g.source,
           case when a.stands then m.home_goals else g.home_goals end as home_goals,
           case when a.stands then m.away_goals else g.away_goals end as away_goals,
           case when a.stands then m.result_known_at else g.result_known_at end as result_known_at,
           coalesce(
               g.status,
               case when g.home_goals is null or m.status = 'awarded' then m.status else 'played' end,
               'scheduled') as status
    from given g
    left join matches m
        on (m.league_code, m.home_team, m.away_team, m.kickoff_date)
           = (g.league_code, g.home_team, g.away_team, (g.kickoff_at at time zone 'UTC')::date)
    cross join lateral (
        select g.status is null and m.status = 'awarded' and m.home_goals is not null as stands) a
    -- a list of fixtures that comes late says nothing new of a match that was played
    where g.home_goals is not null or m.home_goals is null
), changed as (
    insert into matches as m (league_code, season, kickoff_at, kickoff_time_known, home_team, away_team,
                              home_goals, away_goals, result_known_at, source, status)
    select league_code, season, kickoff_at, kickoff_time_known, home_team, away_team,
           home_goals, away_goals, result_known_at, source, status
    from judged
    -- one lock order for every writer: two ingests at once cannot deadlock
    order by league_code, home_team, away_team, kickoff_at
    on conflict on constraint matches_natural_key do update
        set season = excluded.season,
            -- a source that knows only the day must not take away the time
            kickoff_at = case when excluded.kickoff_time_known or not m.kickoff_time_known
                              then excluded.kickoff_at else m.kickoff_at end,
            kickoff_time_known = excluded.kickoff_time_known or m.kickoff_time_known,
            home_goals = excluded.home_goals,
            away_goals = excluded.away_goals,
            result_known_at = case when excluded.kickoff_time_known or not m.kickoff_time_known
                                        or m.result_known_at is null
                                   then excluded.result_known_at else m.result_known_at end,
            source = excluded.source,
            status = excluded.status,
            updated_at = now()
        -- as above: another writer may have been faster
        where (excluded.home_goals is not null or m.home_goals is null)
          and ((m.season, m.source, m.home_goals, m.away_goals, m.status)
                   is distinct from (excluded.season, excluded.source, excluded.home_goals, excluded.away_goals,
                                     excluded.status)
               or ((excluded.kickoff_time_known or not m.kickoff_time_known)
                   and (m.kickoff_at, m.kickoff_time_known)
                       is distinct from (excluded.kickoff_at, excluded.kickoff_time_known)))
    returning (xmax = 0) as is_new
)
select count(*) filter (where is_new) as inserted, count(*) filter (where not is_new) as updated from changed
