select count(*) from procrastinate_workers where last_heartbeat > now() - :within
