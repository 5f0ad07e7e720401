-- What each investigation of an incident found. The audit entry of the round carries the SHA-256 of exactly this text.
create table investigation (
    incident_id varchar(64)              not null,
    round       integer                  not null,
    at          timestamp with time zone not null,
    findings    text                     not null,
    digest      varchar(64)              not null,
    primary key (incident_id, round)
);
