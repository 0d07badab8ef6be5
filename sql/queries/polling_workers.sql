select count(*) from procrastinate_workers where polls and last_heartbeat > clock_timestamp() - silent_after
