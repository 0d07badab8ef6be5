-- The price of each outcome that was known by a moment: the average of the bookmakers as a source tells it, else the
-- middle of those that were read. Of what one of them said more than once, the latest counts.
with latest as (
    select distinct on (o.match_id, o.is_closing, o.source, o.bookmaker)
           o.match_id, o.is_closing, o.bookmaker, o.prices
    from match_odds o join matches m on m.id = o.match_id
    where o.market = 'match_result' and m.kickoff_at <= :until and o.known_at <= :as_of
      and o.bookmaker <> 'maximum' and array_position(o.prices, null) is null
    order by o.match_id, o.is_closing, o.source, o.bookmaker, o.known_at desc
), chosen as (
    select l.*, bool_or(l.bookmaker = 'average') over (partition by l.match_id, l.is_closing) as has_average from latest l
)
select match_id, is_closing,
       percentile_cont(0.5) within group (order by prices[1]::double precision) as home,
       percentile_cont(0.5) within group (order by prices[2]::double precision) as draw,
       percentile_cont(0.5) within group (order by prices[3]::double precision) as away
from chosen
where bookmaker = 'average' or not has_average
group by match_id, is_closing
