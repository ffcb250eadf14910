-- The shop of `pgdrill demo`: small, with everything that a dump of a real one has. No row is newer than twelve hours, for its
-- dump is stored as one of then.
create table customers (
    id bigint generated always as identity primary key,
    email text not null unique,
    name text not null,
    country char(2) not null,
    created_at timestamptz not null
);

create table products (
    id bigint generated always as identity primary key,
    sku text not null unique,
    title text not null,
    price_cents integer not null check (price_cents > 0)
);

create table orders (
    id bigint generated always as identity primary key,
    customer_id bigint not null references customers,
    status text not null check (status in ('new', 'paid', 'shipped', 'cancelled')),
    total_cents bigint not null default 0,
    created_at timestamptz not null
);

create table order_items (
    order_id bigint not null references orders,
    product_id bigint not null references products,
    quantity integer not null check (quantity > 0),
    price_cents integer not null,
    primary key (order_id, product_id)
);

create table payments (
    id bigint generated always as identity primary key,
    order_id bigint not null references orders,
    amount_cents bigint not null,
    paid_at timestamptz not null
);

create index on orders (customer_id, created_at);
create index on payments (paid_at);
create view revenue as
    select date_trunc('day', paid_at) as day, sum(amount_cents) as cents from payments group by 1;

insert into customers (email, name, country, created_at)
select format('customer%s@example.com', n), format('Customer %s', n),
       (array['JP', 'DE', 'US', 'FR', 'BR'])[1 + n % 5], now() - interval '12 hours' - n * interval '6 hours'
from generate_series(1, 500) n;

insert into products (sku, title, price_cents)
select format('SKU-%s', lpad(n::text, 4, '0')), format('Product %s', n), 100 + n * 37
from generate_series(1, 80) n;

insert into orders (customer_id, status, created_at)
select 1 + (n * 7) % 500, (array['new', 'paid', 'shipped', 'shipped', 'cancelled'])[1 + n % 5],
       now() - interval '12 hours' - n * interval '20 minutes'
from generate_series(1, 2000) n;

insert into order_items (order_id, product_id, quantity, price_cents)
select o.id, p.id, 1 + (o.id + p.id) % 3, p.price_cents
from orders o
cross join lateral generate_series(0, o.id % 4) i
join products p on p.id = 1 + (o.id * 3 + i * 11) % 80;

update orders o
set total_cents = (select sum(quantity * price_cents) from order_items i where i.order_id = o.id);

insert into payments (order_id, amount_cents, paid_at)
select id, total_cents, created_at + interval '5 minutes'
from orders
where status in ('paid', 'shipped');
