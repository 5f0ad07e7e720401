-- When each node is swept next, and what its last sweep found. The claim keeps two instances from sweeping one node at once.
create table sweep_node (
    node          varchar(253)             not null primary key,
    pool          varchar(253)             not null,
    due_at        timestamp with time zone not null,
    claim         varchar(64),
    claimed_until timestamp with time zone,
    last_at       timestamp with time zone,
    outcome       varchar(32),
    reason        varchar(1000),
    drift         varchar(64),
    alert_id      varchar(128)
);
create index sweep_node_due on sweep_node (pool, due_at);
