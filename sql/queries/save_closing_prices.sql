update bets b
set closing_price = g.closing_price, closing_probability = g.closing_probability
from jsonb_to_recordset(cast(:rows as jsonb)) as g(bet_id bigint, closing_price numeric, closing_probability double precision)
where b.id = g.bet_id and b.closing_price is null
