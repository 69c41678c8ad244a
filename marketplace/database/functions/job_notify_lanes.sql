-- Wakes the workers of each lane when the transaction that added jobs commits.
--
-- PostgreSQL folds equal notifications of one transaction into one.
CREATE OR REPLACE FUNCTION job_notify_lanes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('job', lane) FROM (SELECT DISTINCT lane FROM fresh) AS lanes;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER job_notify AFTER INSERT ON job REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION job_notify_lanes();
