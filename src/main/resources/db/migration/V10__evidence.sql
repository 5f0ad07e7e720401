-- Who captured; and whether the content of a receipt was removed because its time was over. The receipt itself stays.
alter table evidence_receipt add column actor varchar(220);
alter table evidence_receipt add column removed_at timestamp with time zone;
-- Receipts that were given before evidence_content existed are entered there before anything is removed.
alter table evidence_receipt add column indexed boolean default false not null;

-- Which incident needs which content: content is shared, and removed with the last incident that needs it.
create table evidence_content (
    digest      varchar(64) not null,
    incident_id varchar(64) not null,
    size        bigint      not null,
    primary key (digest, incident_id)
);
create index evidence_content_incident on evidence_content (incident_id);

-- Whoever needs or removes content holds this row meanwhile: no content is removed that somebody else is about to name in a receipt.
create table evidence_lock (
    id smallint not null primary key
);
insert into evidence_lock (id) values (1);
