-- What is loaded in an odd way.
create role "an owner" nologin;
create table measures (day date not null, place int not null, value numeric, primary key (day, place))
    partition by range (day);
create table measures_1 partition of measures for values from ('2026-01-01') to ('2026-07-01');
create table measures_2 partition of measures for values from ('2026-07-01') to ('2027-01-01');
insert into measures
    select date '2026-01-01' + n / 10, n % 10, n * 1.5 from generate_series(0, 3649) n;
create table remarks (
    id int generated always as identity primary key,
    day date not null,
    place int not null,
    remark text not null,
    length int generated always as (length(remark)) stored,
    foreign key (day, place) references measures
);
insert into remarks (day, place, remark)
    select date '2026-01-01' + n, n % 10, repeat(md5(n::text), 1 + n % 40) from generate_series(0, 364) n;
comment on table remarks is 'What people say';
alter table remarks owner to "an owner";
grant select on remarks to public;
-- Larger than what shares a pg_restore with others, in every compression.
create table large (id int primary key, noise bytea not null);
insert into large
    select n, decode(string_agg(md5((n * 1000 + m)::text), ''), 'hex')
    from generate_series(1, 400) n, generate_series(1, 1000) m group by n;
create index on large (length(noise));
create table "points at a large one" (id int references large);
insert into "points at a large one" select id from large;
create materialized view days as select day, count(*) as remarks from remarks group by day;
create unique index on days (day);
create table empty (id int);
create unlogged table gone (id int);
insert into gone values (1);
create sequence ticks start 7;
select nextval('ticks'), nextval('ticks');
select lo_create(70001);
select lo_put(70001, 0, decode(repeat('00ff', 5000), 'hex'));
comment on large object 70001 is 'bytes';
select lo_create(70002);
select lo_put(70002, 0, (select string_agg(noise || noise, '') from large));
select lo_create(4000000000);
select lo_put(4000000000, 0, 'far');
grant select on large object 4000000000 to "an owner";
create function refuse() returns trigger language plpgsql as $$ begin raise 'no more rows'; end $$;
create trigger refuses before insert on large for each row execute function refuse();
create rule quiet as on insert to empty do instead nothing;
