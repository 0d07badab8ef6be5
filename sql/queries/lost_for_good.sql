-- A job that is lost for the third time does not come back.
select count(*) as jobs, max(id) as latest from jobs_finished
where finished_at > clock_timestamp() - interval '1 hour' and status = 'failed' and losses >= 3
