-- Since when a node of the control plane is isolated or its static pods are rewritten: more than a cordon, which takes nothing away.
alter table guardrail_reservation add column isolated_at timestamp with time zone;
