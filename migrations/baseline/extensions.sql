-- What PostgreSQL ships and the schema builds upon: likeness of words, ranges beside equal ids, letters without accents.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS unaccent;
