-- Whether the public may see a service of a public performer, by the columns of the service and of its category.
CREATE OR REPLACE FUNCTION service_is_public(
    is_active boolean, deleted_at timestamptz, hidden_at timestamptz, category_is_active boolean
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT is_active AND deleted_at IS NULL AND hidden_at IS NULL AND category_is_active
$$;
