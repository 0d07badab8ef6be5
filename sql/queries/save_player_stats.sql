with given as (
    select distinct on (match_id, source, player_id) *
    from jsonb_to_recordset(cast(:rows as jsonb)) as g(
        match_id bigint, source text, player_id text, player text, side text, team text, minutes smallint, goals smallint,
        assists smallint, shots smallint, shots_on_target smallint, yellow_cards smallint, red_cards smallint,
        rating double precision, known_at timestamptz)
    order by match_id, source, player_id
), kept as (
    insert into player_stats as p (match_id, source, player_id, player, side, team, minutes, goals, assists, shots,
                                   shots_on_target, yellow_cards, red_cards, rating, known_at, job_id)
    select match_id, source, player_id, player, side, team, minutes, goals, assists, shots, shots_on_target,
           yellow_cards, red_cards, rating, known_at, :job_id
    from given
    on conflict (match_id, source, player_id) do update
        set player = excluded.player, side = excluded.side, team = excluded.team, minutes = excluded.minutes,
            goals = excluded.goals, assists = excluded.assists, shots = excluded.shots,
            shots_on_target = excluded.shots_on_target, yellow_cards = excluded.yellow_cards,
            red_cards = excluded.red_cards, rating = excluded.rating, known_at = excluded.known_at,
            job_id = excluded.job_id
        where (p.player, p.side, p.team, p.minutes, p.goals, p.assists, p.shots, p.shots_on_target, p.yellow_cards,
               p.red_cards, p.rating)
              is distinct from (excluded.player, excluded.side, excluded.team, excluded.minutes, excluded.goals,
                                excluded.assists, excluded.shots, excluded.shots_on_target, excluded.yellow_cards,
                                excluded.red_cards, excluded.rating)
    returning 1
)
select count(*) from kept
