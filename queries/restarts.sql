-- What a restart resets: a row for each class, the largest before a restart first.
--
-- Of each two processes that follow each other in one worker: the instances at the last snapshot of the first, and at
-- the first and last snapshot of the second. Rows have the medians over all restarts before which the class had
-- instances, as `ctstats trend` has them in `restarts`.
with processes as (
    select process, min(written_at) as written_at, max(coalesce(host, '')) as host,
           max(coalesce(worker, '')) as worker, max(last_seconds) as last_seconds
    from dumps
    where host is not null or worker is not null
    group by process
),
last_dumps as (
    select d.process as process, max(d.id) as dump
    from dumps d
    join processes p on d.process = p.process and d.last_seconds = p.last_seconds
    group by d.process
),
numbered as (
    select p.process as process, p.host as host, p.worker as worker, count(*) as number
    from processes p
    join processes e on p.host = e.host and p.worker = e.worker
    where e.written_at <= p.written_at
    group by p.process, p.host, p.worker
),
pairs as (
    select a.process as before, b.process as after
    from numbered a
    join numbered b on a.host = b.host and a.worker = b.worker and a.number + 1 = b.number
),
points as (
    select l.process as process, c.class as class, c.snapshot as snapshot, c.active as active
    from class_samples c
    join last_dumps l on c.dump = l.dump
),
bounds as (
    select process, min(snapshot) as first_snapshot, max(snapshot) as last_snapshot from points group by process
),
ends as (
    select p.process as process, p.class as class,
           sum(case when p.snapshot = b.first_snapshot then p.active else 0 end) as instances_first,
           sum(case when p.snapshot = b.last_snapshot then p.active else 0 end) as instances_last
    from points p
    join bounds b on p.process = b.process
    group by p.process, p.class
)
select x.class as class, count(*) as restarts,
       median(x.instances_last) as instances_before,
       median(coalesce(y.instances_first, 0)) as instances_after,
       median(coalesce(y.instances_last, 0)) as instances_last
from pairs p
join ends x on p.before = x.process
left join ends y on p.after = y.process and x.class = y.class
where x.instances_last > 0
group by x.class
order by instances_before desc, class
