-- Beside the tables of pgbench: a shop of 3 million items, documents, large objects. Some 2 GB with its indexes.
create table users (
    id int primary key,
    name text not null,
    email text not null unique,
    made timestamptz not null,
    address jsonb not null
);
insert into users
select n, 'User ' || md5(n::text), md5((n * 3)::text) || '@example.com', timestamptz '2020-01-01' + n * interval '7 minutes',
    jsonb_build_object('street', md5((n * 5)::text), 'number', n % 300, 'city', 'City ' || n % 1000)
from generate_series(1, 300000) n;
create table orders (
    id int primary key,
    user_id int not null,
    made timestamptz not null,
    status text not null,
    total numeric(12, 2) not null
);
insert into orders
select n, 1 + (n::bigint * 7919) % 300000, timestamptz '2022-01-01' + n * interval '1 minute',
    (array['new', 'paid', 'sent', 'back'])[1 + n % 4], (n % 100000) / 7.0
from generate_series(1, 1000000) n;
create table order_items (
    order_id int not null,
    line int not null,
    sku text not null,
    quantity int not null,
    price numeric(10, 2) not null,
    primary key (order_id, line)
);
insert into order_items
select 1 + n / 3, 1 + n % 3, 'SKU-' || upper(substr(md5((n % 250000)::text), 1, 10)), 1 + n % 9, (n % 5000) / 3.0
from generate_series(0, 2999999) n;
create table docs (
    id int primary key,
    user_id int not null,
    title text not null,
    body text not null,
    attributes jsonb not null
);
insert into docs
select n, 1 + (n::bigint * 104729) % 300000, 'Document ' || n,
    (select string_agg(md5((n * 31 + m)::text), ' ') from generate_series(1, 20) m),
    jsonb_build_object('kind', n % 20, 'tags', jsonb_build_array('t' || n % 100, 't' || n % 777), 'size', n % 10000)
from generate_series(1, 400000) n;
create index on users (made);
create index on orders (user_id);
create index on orders (made);
create index on orders (status, made);
create index on order_items (sku);
create index on docs (user_id);
create index on docs using gin (attributes);
alter table orders add foreign key (user_id) references users;
alter table order_items add foreign key (order_id) references orders;
alter table docs add foreign key (user_id) references users;
create materialized view days as select made::date as day, count(*) as orders, sum(total) as total from orders group by 1;
create unique index on days (day);
select count(lo_from_bytea(0, decode(repeat(md5(n::text), 250), 'hex'))) from generate_series(1, 200) n;
