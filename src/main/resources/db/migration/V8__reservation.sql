-- A reservation is kept after it was freed: what the hourly budget counts, without a second table to write before a node is cordoned.
alter table guardrail_reservation add column freed_at timestamp with time zone;
create index guardrail_reservation_at on guardrail_reservation (reserved_at);

insert into guardrail_reservation (node, incident_id, reserved_at, freed_at)
select b.node, b.incident_id, b.begun_at, b.begun_at
from guardrail_begun b
where not exists (
    select 1 from guardrail_reservation r where r.node = b.node and r.incident_id = b.incident_id
);
drop table guardrail_begun;
