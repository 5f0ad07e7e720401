-- The audit trail: append only, hash-chained from the first entry. The single row of audit_head is the end of the chain;
-- whoever appends locks it, so that two instances on one database write one chain.
create table audit_entry (
    seq         bigint                   not null primary key,
    at          timestamp with time zone not null,
    actor       varchar(220)             not null,
    action      varchar(80)              not null,
    phase       varchar(16)              not null,
    incident_id varchar(64),
    node        varchar(253),
    subject     varchar(4096)            not null,
    reason      varchar(4000)            not null,
    evidence    varchar(64),
    details     varchar(32000)           not null,
    previous    varchar(64)              not null,
    hash        varchar(64)              not null
);
create index audit_entry_incident on audit_entry (incident_id, seq);

create table audit_head (
    id   smallint    not null primary key,
    seq  bigint      not null,
    hash varchar(64) not null
);
insert into audit_head (id, seq, hash) values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
