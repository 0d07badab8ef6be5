-- Just before the first kick-off after three quarters of the last season that was played.
with played as (
    select season, kickoff_at from matches
    where home_goals is not null
      and (cast(:league_codes as text[]) is null or league_code = any(:league_codes))
), last_season as (
    select kickoff_at, row_number() over (order by kickoff_at) as place, count(*) over () as total
    from played
    where season = (select season from played order by kickoff_at desc limit 1)
)
select min(kickoff_at) - interval '1 hour' from last_season where place > total * 3 / 4
