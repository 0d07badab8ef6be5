-- Jobs under a limit wait outside of the ready ones until there is a place for them: the fetch never walks over them.

-- Lets jobs in where their limits have room. Sessions do not wait for each other: who finds a limit being looked at
-- leaves it, and every worker looks again at its next round trip or half a second later.
create or replace function admit_limited_jobs() returns void language plpgsql
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    lim limits;
    room integer;
    queue text;
    next_key text;
begin
    select j.limit_key into next_key from jobs_active j where j.waits_for = 'limit' order by j.limit_key limit 1;
    while next_key is not null loop
        select * into lim from limits l where l.key = next_key for update skip locked;
        if found then
            room := limit_room(lim);
            if room > 0 then
                for queue in
                    with admitted as (
                        update jobs_active j set waits_for = null
                        where j.id in (
                            select w.id from jobs_active w where w.limit_key = next_key and w.waits_for = 'limit'
                            order by w.priority desc, w.id limit room for update skip locked)
                        returning j.queue_name
                    )
                    select distinct queue_name from admitted
                loop
                    perform notify_ready(queue);
                end loop;
            end if;
        end if;
        select j.limit_key into next_key from jobs_active j
            where j.waits_for = 'limit' and j.limit_key > next_key order by j.limit_key limit 1;
    end loop;
end $$;

-- How many more may be let in: places that are free, and starts that are left in the interval that ends now.
create or replace function limit_room(lim limits) returns integer language plpgsql as $$
declare
    admitted integer;
    waiting_to_start integer;
    started integer := 0;
begin
    if lim.blocked_until > clock_timestamp() then
        return 0;
    end if;
    select count(*), count(*) filter (where status = 'todo') into admitted, waiting_to_start
        from jobs_active where limit_key = lim.key and limit_key is not null and waits_for is null;
    if lim.starts is not null then
        delete from limit_starts where key = lim.key and started_at <= clock_timestamp() - lim.per;
        select count(*) into started from limit_starts where key = lim.key;
    end if;
    return least(lim.at_once - admitted, lim.starts - started - waiting_to_start, 1000);
end $$;
