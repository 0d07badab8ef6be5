-- History of older releases may have jobs that were being aborted when the status ended them: they are cancelled, and
-- every list and count knows cancelled jobs by this status.
update jobs_finished set status = 'aborted' where status = 'aborting';
