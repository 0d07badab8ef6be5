-- What the bets settled in a time came to: profit by stake, and closing line value with its standard error. Those of a
-- season long ago, replayed and settled now, say nothing of it.
select count(*) as bets, cast(sum(profit) / sum(stake) as double precision) as roi, avg(value) as closing_line_value,
       stddev_samp(value) / sqrt(count(value)) as closing_line_error
from (
    select profit, stake, cast(price as double precision) * closing_probability - 1 as value
    from bets
    where settled_at > :since and settled_at <= :as_of and status <> 'void'
      and kickoff_at > cast(:since as timestamptz) - interval '7 days'
) settled
