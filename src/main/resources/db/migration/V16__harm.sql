-- Playbooks whose new incidents begin in dry run, by an administrator's word. The file of a playbook may say so too; this is beside it.
create table guardrail_dry_run_playbook (
    playbook varchar(253)             not null primary key,
    reason   varchar(2000)            not null,
    set_by   varchar(220)             not null,
    set_at   timestamp with time zone not null
);

-- Overrides are listed newest first.
create index guardrail_override_created on guardrail_override (created_at, id);

-- Who decides what becomes of the rungs that several incidents share on a node holds a row meanwhile: the one that its name is hashed to.
create table containment_lock (
    id integer not null primary key
);
insert into containment_lock (id)
select low.n + 16 * high.n
from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15)) as low (n)
cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15)) as high (n);
