-- Whether the public may see a performer, by the columns of the performer and of its user.
CREATE OR REPLACE FUNCTION performer_is_public(
    active boolean, status text, user_is_active boolean, user_deleted_at timestamptz
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT active AND status = 'approved' AND user_is_active AND user_deleted_at IS NULL
$$;
