-- Since when a receipt is known to be no longer what was written: found once, audited once.
alter table evidence_receipt add column damaged_at timestamp with time zone;
