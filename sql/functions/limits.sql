-- Jobs under a limit wait outside of the ready ones until there is a place for them: the fetch never walks over them.

-- Lets jobs of these queues (null: of all) in where their limits have room; gives the seconds until more may start, as
-- far as a clock decides. A key without a limit bounds nothing. Who finds a limit being looked at leaves it: the other
-- lets the jobs in, or some janitor does a moment later.
--
-- Each key that jobs wait for is looked at. With very many of them that takes long, and is then done less often.
create or replace function let_limited_jobs_in(p_queues text[] default null) returns double precision language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
    begun_at timestamptz := clock_timestamp();
    lim limits;
    is_free boolean;
    room integer;
    queue text;
    next_key text;
    opens_at timestamptz;
    looked_at integer := 0;
begin
    select j.limit_key into next_key from jobs_active j where j.waits_for = 'limit' order by j.limit_key limit 1;
    if next_key is null
       or extract(epoch from begun_at) < nullif(current_setting('matchday.limits_again_at', true), '')::float8 then
        return null;
    end if;
    while next_key is not null loop
        looked_at := looked_at + 1;
        select * into lim from limits l where l.key = next_key for update skip locked;
        is_free := not found and not exists (select from limits l where l.key = next_key);
        if is_free or lim.key is not null then
            room := case when is_free then 1000 else limit_room(lim) end;
            if room <= 0 and take_places_back(lim, p_queues) then
                room := limit_room(lim);
            end if;
            if room > 0 then
                for queue in
                    -- An array, which is made once: a subquery that is joined may be run again, and let others in.
                    with admitted as (
                        update jobs_active j set waits_for = null
                        where j.id = any (array(
                            select w.id from jobs_active w
                            where w.limit_key = next_key and w.waits_for = 'limit'
                              and (p_queues is null or w.queue_name = any (p_queues))
                              and not exists (select from queues q where q.name = w.queue_name and q.paused_at is not null)
                            order by w.priority desc, w.id limit room for update skip locked))
                        returning j.queue_name
                    )
                    select distinct queue_name from admitted
                loop
                    perform notify_ready(queue);
                end loop;
            else
                opens_at := least(opens_at, limit_opens_at(lim));
            end if;
        else
            -- Who looks at it may have done so a moment too early.
            opens_at := least(opens_at, clock_timestamp() + interval '50 ms');
        end if;
        select j.limit_key into next_key from jobs_active j
            where j.waits_for = 'limit' and j.limit_key > next_key order by j.limit_key limit 1;
    end loop;
    if looked_at > 100 then
        perform set_config('matchday.limits_again_at',
            extract(epoch from clock_timestamp() + 5 * (clock_timestamp() - begun_at))::text, false);
    end if;
    -- Not by greatest alone, which would make 0 of null.
    return case when opens_at is not null then greatest(0, extract(epoch from opens_at - clock_timestamp())) end;
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
    -- Before the starts are counted: a job that starts meanwhile counts twice rather than never.
    select count(*), count(*) filter (where status = 'todo') into admitted, waiting_to_start
        from jobs_active where limit_key = lim.key and limit_key is not null and waits_for is null;
    if lim.starts is not null then
        delete from limit_starts where key = lim.key and started_at <= clock_timestamp() - lim.per;
        select count(*) into started from limit_starts where key = lim.key;
    end if;
    return least(lim.at_once - admitted, lim.starts - started - waiting_to_start, 1000);
end $$;

-- Places that are kept for nothing become free: those of jobs whose queue is paused or has no worker any more; else the
-- one of the least urgent job that has not begun, where a more urgent one waits. Under the lock of the limit.
create or replace function take_places_back(lim limits, p_queues text[]) returns boolean language plpgsql as $$
declare
    first_waiting integer;
begin
    update jobs_active j set waits_for = 'limit'
    where j.id = any (array(
        select a.id from jobs_active a
        where a.limit_key = lim.key and a.limit_key is not null and a.waits_for is null and a.status = 'todo'
          and (exists (select from queues q where q.name = a.queue_name and q.paused_at is not null)
               or not exists (select from procrastinate_workers w
                              where w.queues is null or w.queues = '{}' or w.queues ? a.queue_name::text))
        for update skip locked));
    if found then
        return true;
    end if;
    select w.priority into first_waiting from jobs_active w
        where w.limit_key = lim.key and w.waits_for = 'limit' and (p_queues is null or w.queue_name = any (p_queues))
          and not exists (select from queues q where q.name = w.queue_name and q.paused_at is not null)
        order by w.priority desc, w.id limit 1;
    update jobs_active j set waits_for = 'limit'
    where j.id = (
        select a.id from jobs_active a
        where a.limit_key = lim.key and a.limit_key is not null and a.waits_for is null and a.status = 'todo'
          and a.priority < first_waiting
        order by a.priority, a.id desc limit 1 for update skip locked);
    return found;
end $$;

-- When a limit without room may have some, whatever its jobs do until then. Null: that is for its jobs to say.
create or replace function limit_opens_at(lim limits) returns timestamptz language sql as $$
    select greatest(
        case when lim.blocked_until > clock_timestamp() then lim.blocked_until end,
        (select min(s.started_at) + lim.per from limit_starts s where s.key = lim.key having count(*) >= lim.starts))
$$;

-- Places under these limits have become free: tells the workers of the queue whose job comes next.
create or replace function wake_limited_jobs(p_keys text[]) returns void language plpgsql as $$
begin
    perform notify_ready(n.queue_name) from (
        select distinct w.queue_name from unnest(p_keys) as k (key) cross join lateral (
            select j.queue_name from jobs_active j where j.limit_key = k.key and j.waits_for = 'limit'
            order by j.priority desc, j.id limit 1) w) n;
end $$;

-- The jobs of a paused queue must not keep the places of their limits from those of others.
create or replace function give_places_back(p_queue text) returns void language plpgsql as $$
declare
    freed text[];
begin
    with given as (
        update jobs_active j set waits_for = 'limit'
        where j.id = any (array(
            select a.id from jobs_active a
            where a.limit_key is not null and a.waits_for is null and a.queue_name = p_queue and a.status = 'todo'
            order by a.id for update))
        returning j.limit_key
    )
    select array_agg(distinct limit_key) into freed from given;
    perform wake_limited_jobs(freed);
end $$;

-- Counts a start under a limit at once, whoever asks for it: null where it may begin now, else the seconds until there may
-- be room. A key without a limit of starts bounds nothing but what is blocked.
create or replace function reserve_start(p_key text) returns double precision language plpgsql as $$
declare
    lim limits;
    started integer;
    opens_at timestamptz;
begin
    select * into lim from limits l where l.key = p_key for update;
    if lim.blocked_until > clock_timestamp() then
        opens_at := lim.blocked_until;
    elsif lim.starts is not null then
        delete from limit_starts where key = p_key and started_at <= clock_timestamp() - lim.per;
        select count(*), min(started_at) + lim.per into started, opens_at from limit_starts where key = p_key;
        if started < lim.starts then
            insert into limit_starts (key, started_at) values (p_key, clock_timestamp());
            opens_at := null;
        end if;
    end if;
    -- Not by greatest alone, which would make 0 of null.
    return case when opens_at is not null then greatest(0, extract(epoch from opens_at - clock_timestamp())) end;
end $$;
