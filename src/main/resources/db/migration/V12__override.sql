-- Overrides of guardrails: two people let through one effect that these rules refused. Used by one verdict at most, whose transaction sets used_at.
create table guardrail_override (
    id          varchar(64)              not null primary key,
    incident_id varchar(64)              not null,
    node        varchar(253)             not null,
    kind        varchar(32)              not null,
    target      varchar(16384)           not null,
    rules       varchar(400)             not null,
    reason      varchar(4000)            not null,
    proposer    varchar(220)             not null,
    approver    varchar(220)             not null,
    created_at  timestamp with time zone not null,
    expires_at  timestamp with time zone not null,
    used_at     timestamp with time zone,
    -- when a verdict found that it had expired unused
    lapsed_at   timestamp with time zone
);
create index guardrail_override_incident on guardrail_override (incident_id, node);

-- Incidents in dry run. ended_at: a person ended it, and nothing is done until one says on a task how it goes on, which removes the row.
create table guardrail_dry_run (
    incident_id varchar(64)              not null primary key,
    reason      varchar(2000)            not null,
    set_by      varchar(220)             not null,
    set_at      timestamp with time zone not null,
    ended_at    timestamp with time zone
);
