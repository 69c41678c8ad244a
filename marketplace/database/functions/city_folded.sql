-- Keeps the folded names of a city, so that whoever writes one need not know of them.
CREATE OR REPLACE FUNCTION city_folded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.folded_names := text_fold(NEW.search_names);
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER city_folded BEFORE INSERT OR UPDATE OF search_names ON city
    FOR EACH ROW EXECUTE FUNCTION city_folded();
