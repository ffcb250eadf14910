-- Orders that the nightly report would leave out: none may be left.
select count(*) from orders where status = 'paid' and reported_at is null
