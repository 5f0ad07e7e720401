-- Guardrails: what was promised to whom, across all instances on this database.
-- Whoever takes a slot locks the one row of guardrail_lock until its verdict is durable.
create table guardrail_lock (
    id smallint not null primary key
);
insert into guardrail_lock (id) values (1);

create table guardrail_reservation (
    node        varchar(253)             not null,
    incident_id varchar(64)              not null,
    reserved_at timestamp with time zone not null,
    primary key (node, incident_id)
);
create index guardrail_reservation_incident on guardrail_reservation (incident_id);

create table guardrail_pause (
    id      varchar(64)              not null primary key,
    scope   varchar(16)              not null,
    target  varchar(253)             not null,
    reason  varchar(2000)            not null,
    set_by  varchar(220)             not null,
    set_at  timestamp with time zone not null,
    ends_at timestamp with time zone
);

-- Containment: the prior state of a node, durable before it is changed. owned: the change is ours to undo; mark: the value
-- that tells our change on the node from everybody else's.
create table containment_rung (
    incident_id varchar(64)              not null,
    node        varchar(253)             not null,
    node_uid    varchar(64)              not null,
    rung        varchar(32)              not null,
    state       varchar(16)              not null,
    owned       boolean                  not null,
    mark        varchar(64)              not null,
    prior_state text                     not null,
    detail      varchar(2000)            not null,
    begun_at    timestamp with time zone not null,
    settled_at  timestamp with time zone,
    primary key (incident_id, node_uid, rung)
);
create index containment_rung_node on containment_rung (node, rung);

create table verification_report (
    incident_id varchar(64)              not null,
    round       integer                  not null,
    at          timestamp with time zone not null,
    node        varchar(253)             not null,
    passed      boolean                  not null,
    checks      text                     not null,
    digest      varchar(64)              not null,
    primary key (incident_id, round)
);
