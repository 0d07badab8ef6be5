-- Just before the first kick-off after three quarters of the last season's matches.
with last_season as (
    select kickoff_at, row_number() over (order by kickoff_at) as place, count(*) over () as total
    from matches
    where season = (select season from matches
                    where cast(:league_codes as text[]) is null or league_code = any(:league_codes)
                    order by kickoff_at desc limit 1)
      and (cast(:league_codes as text[]) is null or league_code = any(:league_codes))
)
select min(kickoff_at) - interval '1 hour' from last_season where place > total * 3 / 4
