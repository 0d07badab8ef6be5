-- Each settlement as a row, and its bet as it stands now. A closing price that is known stays.
with given as (
    select * from jsonb_to_recordset(cast(:rows as jsonb)) as g(
        bet_id bigint, status text, returned numeric, difference numeric, ending text, home_goals smallint,
        away_goals smallint, why text, closing_price numeric, closing_probability double precision)
), told as (
    insert into bet_settlements (bet_id, settled_at, status, returned, difference, ending, home_goals, away_goals, why, job_id)
    select bet_id, :as_of, status, returned, difference, ending, home_goals, away_goals, why, :job_id
    from given
    order by bet_id
)
update bets b
set status = g.status, returned = g.returned, settled_at = coalesce(b.settled_at, :as_of),
    closing_price = coalesce(b.closing_price, g.closing_price),
    closing_probability = coalesce(b.closing_probability, g.closing_probability)
from given g
where b.id = g.bet_id
