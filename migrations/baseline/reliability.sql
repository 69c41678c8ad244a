-- How performers answer and finish.

-- How a performer answers new orders and chats, and finishes orders, as last counted.
CREATE TABLE performer_figures (
    performer_id bigint NOT NULL,
    asked bigint NOT NULL,
    answered bigint NOT NULL,
    response_p33 bigint,
    response_p66 bigint,
    completed bigint NOT NULL,
    withdrawn bigint NOT NULL,
    computed_at timestamptz NOT NULL,
    CONSTRAINT pk_performer_figures PRIMARY KEY (performer_id),
    CONSTRAINT fk_performer_figures_performer_id
        FOREIGN KEY (performer_id) REFERENCES performer (id) ON DELETE CASCADE,
    CONSTRAINT ck_performer_figures_answered CHECK (answered BETWEEN 0 AND asked)
);
