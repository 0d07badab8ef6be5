-- For how long a job has run; how good what was last said before kick-off was of the matches between two moments whose
-- results were known at the second; and what a bankroll's bets that were settled between them brought by stake.
with last as (
    select distinct on (m.id) m.home_goals - m.away_goals as ahead, p.pick, p.home, p.draw, p.away
    from matches m
    join match_predictions p on p.match_id = m.id and p.as_of < m.kickoff_at
    where m.kickoff_at > :since and m.kickoff_at <= :as_of and m.result_known_at <= :as_of and m.status <> 'awarded'
    order by m.id, p.as_of desc, p.id desc
), judged as (
    select case when ahead > 0 then 'home' when ahead < 0 then 'away' else 'draw' end = pick as is_right,
           case when ahead > 0 then home when ahead < 0 then away else draw end as given
    from last
)
select (select greatest(0, extract(epoch from clock_timestamp() - started_at))::double precision
        from jobs_active where id = :job_id) as seconds,
       count(*) as judged,
       avg(is_right::int)::double precision as accuracy,
       -- a probability of zero counts as in modeling.metrics
       avg(-ln(greatest(given, 1e-15))) as log_loss,
       (select (sum(profit) / sum(stake))::double precision from bets
        where bankroll = :bankroll and status <> 'void' and settled_at > :since and settled_at <= :as_of) as roi
from judged
