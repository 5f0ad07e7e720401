-- What waits or waited for people. The reference points into the engine (a task, or a failed job) and never leaves the package.
create table human_task (
    id            varchar(64)              not null primary key,
    incident_id   varchar(64)              not null,
    kind          varchar(64)              not null,
    title         varchar(200)             not null,
    description   varchar(8000)            not null,
    candidates    varchar(400)             not null,
    decisions     varchar(400)             not null,
    plan_hash     varchar(64),
    proposer      varchar(220),
    created_at    timestamp with time zone not null,
    due_at        timestamp with time zone,
    assignee      varchar(220),
    state         varchar(16)              not null,
    decision      varchar(64),
    reason        varchar(4000),
    decided_by    varchar(220),
    decided_at    timestamp with time zone,
    engine_ref    varchar(64)              not null
);
create index human_task_incident on human_task (incident_id, created_at);
create index human_task_open on human_task (state, created_at);
create index human_task_engine on human_task (engine_ref);
