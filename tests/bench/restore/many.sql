-- 3,000 tables of 100 rows, each with a sequence, a primary key, two indexes, a constraint, a default and a comment.
do $$
begin
    for n in 1 .. 3000 loop
        execute format(
            'create table t%1$s (id serial primary key, made timestamptz not null default now(), note text check (note <> ''''), '
            'amount int); create index on t%1$s (made); create index on t%1$s (amount); '
            'comment on table t%1$s is ''Table %1$s''; '
            'insert into t%1$s (note, amount) select md5((n * %1$s)::text), n from generate_series(1, 100) n', n);
        if n % 100 = 0 then
            commit;
        end if;
    end loop;
end
$$;
