-- The tables of a city, version 1. Every table of data has the bucket first, which is what it is spread by.

-- Which city this is: what lies elsewhere, such as its past, knows it by this.
CREATE TABLE machi.city (
    id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO machi.city DEFAULT VALUES;

-- One row for each bucket: number and time, in microseconds, of its last commit, and the version of the table of spaces.
-- Whoever commits holds it until the end, so that numbers have no gaps and are in the order of commits.
CREATE TABLE machi.head (
    bucket smallint PRIMARY KEY,
    commit bigint NOT NULL,
    time bigint NOT NULL,
    epoch bigint NOT NULL
);

-- Names of attributes, types and instances, by number. The first numbers are the same in every city.
CREATE TABLE machi.name (
    no integer GENERATED ALWAYS AS IDENTITY (START WITH 16) PRIMARY KEY,
    text bytea NOT NULL
);
CREATE UNIQUE INDEX name_text ON machi.name (sha256(text));

-- Collections of tenants, with the number that the next new document gets.
CREATE TABLE machi.space (
    no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text COLLATE "C" NOT NULL,
    collection text COLLATE "C" NOT NULL,
    next bigint NOT NULL DEFAULT 0,
    UNIQUE (tenant, collection)
);

-- Documents. One without a body was deleted: its number stays its own, and its times mean nothing. A version is the
-- number of the commit that wrote it; times are in microseconds.
CREATE TABLE machi.document (
    bucket smallint NOT NULL,
    space integer NOT NULL,
    id bytea NOT NULL,
    no bigint NOT NULL,
    version bigint NOT NULL,
    created bigint NOT NULL,
    modified bigint NOT NULL,
    body bytea,
    PRIMARY KEY (bucket, space, id)
);
CREATE UNIQUE INDEX document_no ON machi.document (bucket, space, no);

-- What indexes know of documents; of each row one value is set, by its kind: 0 exists (the tag 0), 1 tag, 2 flag (the tag
-- 0 or 1), 3 number, 4 instant, 5 text, 6 place, 7 link. Long texts are cut, and of places there is the box around them.
CREATE TABLE machi.facet (
    bucket smallint NOT NULL,
    space integer NOT NULL,
    no bigint NOT NULL,
    name integer NOT NULL,
    instance integer NOT NULL,
    kind smallint NOT NULL,
    tag integer,
    number double precision,
    instant bigint,
    text bytea,
    place geometry(Polygon, 4326)
);
CREATE INDEX facet_of ON machi.facet (bucket, space, no, name, instance);
CREATE INDEX facet_tag ON machi.facet (bucket, space, name, kind, tag, no) WHERE kind <= 2;
CREATE INDEX facet_number ON machi.facet (bucket, space, name, number, no) WHERE kind = 3;
CREATE INDEX facet_instant ON machi.facet (bucket, space, name, instant, no) WHERE kind = 4;
CREATE INDEX facet_text ON machi.facet (bucket, space, name, text, no) WHERE kind = 5;
CREATE INDEX facet_place ON machi.facet USING gist (place) WHERE kind = 6;
CREATE INDEX facet_link ON machi.facet (bucket, space, text, name, no) WHERE kind = 7;

-- The feed: what each commit changed, in order.
CREATE TABLE machi.feed (
    bucket smallint NOT NULL,
    commit bigint NOT NULL,
    seq integer NOT NULL,
    time bigint NOT NULL,
    space integer NOT NULL,
    no bigint NOT NULL,
    id bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (bucket, commit, seq)
);
CREATE INDEX feed_of ON machi.feed (bucket, space, no, commit);

-- How far consumers of the feed have come, and from where on it is kept for them.
CREATE TABLE machi.consumer (
    name text COLLATE "C" PRIMARY KEY,
    cursor text,
    pin text
);

INSERT INTO machi.head (bucket, commit, time, epoch) VALUES (0, 0, 0, 1);
