-- A small database with what dumps have trouble with.
CREATE ROLE auditor;
CREATE ROLE mapped;
CREATE ROLE reader;
CREATE ROLE shop_owner;
CREATE ROLE "we""ird role";
CREATE DATABASE "odd 'db'";
CREATE DATABASE shop OWNER shop_owner;
\c shop
CREATE EXTENSION pgcrypto;
CREATE EXTENSION "uuid-ossp";
CREATE SCHEMA "Sales" AUTHORIZATION shop_owner;
CREATE TABLE "Sales"."T able" (id int PRIMARY KEY, note text, raw bytea);
INSERT INTO "Sales"."T able"
    SELECT n, E'line\n\\.\n\\! touch x \t' || repeat(md5(n::text), 20), decode(md5(n::text), 'hex') FROM generate_series(1, 600) n;
CREATE TABLE public.users (id serial PRIMARY KEY, email text NOT NULL CHECK (email <> E'\\'), born date);
INSERT INTO public.users (email) SELECT 'u' || n || '@example.com' FROM generate_series(1, 1000) n;
CREATE TABLE public.empty ();
CREATE TABLE public.cut (id int) PARTITION BY RANGE (id);
CREATE TABLE public.cut_1 PARTITION OF public.cut FOR VALUES FROM (0) TO (10);
INSERT INTO public.cut VALUES (1);
ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON public.users FOR SELECT TO auditor, reader USING (email = 'a to b; \! c'::text);
ALTER TABLE public.users OWNER TO "we""ird role";
GRANT SELECT (id, email) ON public.users TO reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA "Sales" GRANT SELECT ON TABLES TO reader;
CREATE FUNCTION public.body(a int) RETURNS int LANGUAGE sql
    BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END; SELECT a; END;
CREATE FUNCTION public.quoted() RETURNS text LANGUAGE sql AS $f$ SELECT E'\\! touch x;' -- \! x
    $f$;
CREATE VIEW public.adults AS SELECT id FROM public.users WHERE born < now();
COMMENT ON VIEW public.adults IS E'two\nlines; \\! touch x';
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER away FOREIGN DATA WRAPPER nothing;
CREATE USER MAPPING FOR mapped SERVER away OPTIONS (password 'secret');
SELECT lo_from_bytea(70001, 'large'::bytea), lo_from_bytea(3000000000, 'larger'::bytea);
