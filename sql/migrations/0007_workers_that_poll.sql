-- Which workers do not hear notifications, and look for jobs by themselves.
alter table procrastinate_workers add column polls boolean not null default false;
comment on column procrastinate_workers.polls is
    'It notified itself and heard nothing: most likely a pooler in transaction mode swallows its LISTEN.';
