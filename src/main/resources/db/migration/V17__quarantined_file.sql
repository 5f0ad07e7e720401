-- Regular files that were moved to quarantine, one row for each content of a path and incident. returned_at: it was put back; null again when it
-- was moved there once more.
create table quarantined_file (
    id          varchar(32)              not null primary key,
    incident_id varchar(64)              not null,
    node        varchar(253)             not null,
    path        varchar(16384)           not null,
    content     varchar(64)              not null,
    moved_at    timestamp with time zone not null,
    returned_at timestamp with time zone
);
create index quarantined_file_incident on quarantined_file (incident_id, moved_at);
