-- What the public lists are read from, and what users have marked in them.

-- Performers whom a user has marked, to be found again.
CREATE TABLE favourite (
    user_id bigint NOT NULL,
    performer_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_favourite PRIMARY KEY (user_id, performer_id),
    CONSTRAINT fk_favourite_user_id FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE,
    CONSTRAINT fk_favourite_performer_id
        FOREIGN KEY (performer_id) REFERENCES performer (id) ON DELETE CASCADE
);
CREATE INDEX ix_favourite_performer_id ON favourite (performer_id);
CREATE INDEX ix_favourite_user_id ON favourite (user_id, created_at DESC, performer_id DESC);

-- A public performer: what lists filter and order by. One index for each order, for all cities and for one.
CREATE TABLE performer_listing (
    performer_id bigint NOT NULL,
    city_id bigint NOT NULL,
    category_ids bigint[] NOT NULL,
    verified boolean NOT NULL,
    rating_count bigint NOT NULL,
    rating_sum bigint NOT NULL,
    score bigint NOT NULL,
    price bigint NOT NULL,
    currency text,
    created_at timestamptz NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT pk_performer_listing PRIMARY KEY (performer_id),
    CONSTRAINT fk_performer_listing_performer_id
        FOREIGN KEY (performer_id) REFERENCES performer (id) ON DELETE CASCADE
);
CREATE INDEX ix_performer_listing_city_newest
    ON performer_listing (city_id, created_at DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_city_price ON performer_listing (city_id, price, performer_id);
CREATE INDEX ix_performer_listing_city_score
    ON performer_listing (city_id, score DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_newest ON performer_listing (created_at DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_price ON performer_listing (price, performer_id);
CREATE INDEX ix_performer_listing_score ON performer_listing (score DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_words ON performer_listing USING gin (words);
ALTER TABLE performer_listing ALTER COLUMN words SET STATISTICS 500;

-- A public performer in each category and each one above it, so that a list of a category is read in order.
CREATE TABLE performer_listing_category (
    category_id bigint NOT NULL,
    performer_id bigint NOT NULL,
    city_id bigint NOT NULL,
    score bigint NOT NULL,
    price bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_performer_listing_category PRIMARY KEY (category_id, performer_id),
    CONSTRAINT fk_performer_listing_category_performer_id
        FOREIGN KEY (performer_id) REFERENCES performer (id) ON DELETE CASCADE
);
CREATE INDEX ix_performer_listing_category_category_city_newest
    ON performer_listing_category (category_id, city_id, created_at DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_category_category_city_price
    ON performer_listing_category (category_id, city_id, price, performer_id);
CREATE INDEX ix_performer_listing_category_category_city_score
    ON performer_listing_category (category_id, city_id, score DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_category_category_newest
    ON performer_listing_category (category_id, created_at DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_category_category_price
    ON performer_listing_category (category_id, price, performer_id);
CREATE INDEX ix_performer_listing_category_category_score
    ON performer_listing_category (category_id, score DESC, performer_id DESC);
CREATE INDEX ix_performer_listing_category_performer_id ON performer_listing_category (performer_id);

-- A public service, with what lists need to know of its performer.
CREATE TABLE service_listing (
    service_id bigint NOT NULL,
    performer_id bigint NOT NULL,
    city_id bigint NOT NULL,
    category_ids bigint[] NOT NULL,
    verified boolean NOT NULL,
    rating_count bigint NOT NULL,
    rating_sum bigint NOT NULL,
    score bigint NOT NULL,
    price bigint NOT NULL,
    currency text,
    created_at timestamptz NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT pk_service_listing PRIMARY KEY (service_id),
    CONSTRAINT fk_service_listing_service_id
        FOREIGN KEY (service_id) REFERENCES service (id) ON DELETE CASCADE
);
CREATE INDEX ix_service_listing_category_ids ON service_listing USING gin (category_ids);
CREATE INDEX ix_service_listing_city_newest
    ON service_listing (city_id, created_at DESC, service_id DESC);
CREATE INDEX ix_service_listing_city_price ON service_listing (city_id, price, service_id);
CREATE INDEX ix_service_listing_city_score ON service_listing (city_id, score DESC, service_id DESC);
CREATE INDEX ix_service_listing_newest ON service_listing (created_at DESC, service_id DESC);
CREATE INDEX ix_service_listing_performer_id ON service_listing (performer_id);
CREATE INDEX ix_service_listing_price ON service_listing (price, service_id);
CREATE INDEX ix_service_listing_score ON service_listing (score DESC, service_id DESC);
CREATE INDEX ix_service_listing_words ON service_listing USING gin (words);
ALTER TABLE service_listing ALTER COLUMN words SET STATISTICS 500;

-- Performers whose listings wait for the worker, because too many changed at once.
CREATE TABLE stale_listing (
    performer_id bigint NOT NULL,
    CONSTRAINT pk_stale_listing PRIMARY KEY (performer_id)
);

-- Words of the listings, to be found by a part, by a stem (`en:plumb`), or with typing errors.
CREATE TABLE search_word (
    word text NOT NULL,
    stems text[] NOT NULL,
    CONSTRAINT pk_search_word PRIMARY KEY (word)
);
CREATE INDEX ix_search_word_stems ON search_word USING gin (stems);
CREATE INDEX ix_search_word_trgm ON search_word USING gin (word gin_trgm_ops);
