-- Bets with what is known of their matches, and how they were settled last.
select b.id as bet_id, b.match_id, b.market, b.line, b.selection, b.bookmaker, b.price, b.stake, b.placed_at,
       b.kickoff_at as planned_at, b.status, b.returned, b.closing_price,
       m.status as match_status, m.kickoff_at, m.kickoff_time_known, m.home_goals, m.away_goals, m.result_known_at,
       m.updated_at as changed_at,
       last.ending, last.home_goals as settled_home_goals, last.away_goals as settled_away_goals, last.why
from bets b
join matches m on m.id = b.match_id
left join lateral (
    select s.ending, s.home_goals, s.away_goals, s.why
    from bet_settlements s where s.bet_id = b.id order by s.id desc limit 1
) last on true
where b.id = any(:ids)
order by b.id
