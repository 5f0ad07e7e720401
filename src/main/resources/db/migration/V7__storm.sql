-- The storm latch: when incidents were opened, and who or what holds the latch. One row, locked by whoever decides.
create table guardrail_opened (
    incident_id varchar(64)              not null primary key,
    opened_at   timestamp with time zone not null
);
create index guardrail_opened_at on guardrail_opened (opened_at);

create table guardrail_storm (
    id         smallint not null primary key,
    tripped_at timestamp with time zone,
    incidents  integer
);
insert into guardrail_storm (id) values (1);

-- Every containment that was begun, kept after the release: what the hourly budget counts.
create table guardrail_begun (
    incident_id varchar(64)              not null,
    node        varchar(253)             not null,
    begun_at    timestamp with time zone not null,
    primary key (incident_id, node)
);
create index guardrail_begun_at on guardrail_begun (begun_at);
