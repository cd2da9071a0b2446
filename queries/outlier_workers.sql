-- Which worker differs from the others: a row for each class and worker, those that grow fastest first,
-- measured by how fast the others do.
--
-- A worker's figure is the median over its processes of the slope of instances (see class_slopes.sql), by the
-- hour. deviations says how far it lies above the median of all workers: in standard deviations, which come from
-- the median absolute deviation (mad / 0.6745), and are at least what chance makes of counts (the root of
-- the instances, over the length of a recording). The figures are those of `ctstats trend` in `outliers`, which tells only of
-- workers that the rules of leaks suspect, and beyond a bound that grows with the number of tests; 4.5 is
-- about that bound for a hundred workers.
with last_dumps as (
    select d.process as process, max(d.id) as dump, max(d.last_seconds - d.first_seconds) as span_seconds,
           max(coalesce(d.host, '')) as host, max(coalesce(d.worker, '')) as worker
    from dumps d
    join (select process, max(last_seconds) as last_seconds from dumps group by process) l
      on d.process = l.process and d.last_seconds = l.last_seconds
    group by d.process
),
points as (
    select l.process as process, c.class as class, c.timestamp_seconds as seconds,
           c.snapshot as snapshot, c.active as active
    from class_samples c
    join last_dumps l on c.dump = l.dump
),
slopes as (
    select a.process as process, a.class as class,
           median((b.active - a.active) / (b.seconds - a.seconds)) * 3600 as per_hour
    from points a
    join points b on a.process = b.process and a.class = b.class
    where b.seconds > a.seconds
    group by a.process, a.class
),
ends as (
    select p.process as process, p.class as class, p.active as active
    from points p
    join (select process, max(snapshot) as snapshot from points group by process) m
      on p.process = m.process and p.snapshot = m.snapshot
),
workers as (
    select e.class as class, l.host as host, l.worker as worker,
           median(s.per_hour) as per_hour, median(e.active) as instances, median(l.span_seconds) as span_seconds
    from ends e
    join last_dumps l on e.process = l.process
    left join slopes s on e.process = s.process and e.class = s.class
    group by e.class, l.host, l.worker
),
usual as (
    select class, count(*) as workers, median(per_hour) as median_per_hour,
           median(instances) as instances, median(span_seconds) as span_seconds
    from workers
    group by class
),
spread as (
    select w.class as class, median(abs(w.per_hour - u.median_per_hour)) as mad
    from workers w
    join usual u on w.class = u.class
    group by w.class
)
select w.class as class, w.host as host, w.worker as worker,
       w.per_hour as per_hour, u.median_per_hour as median_per_hour, s.mad as mad, u.workers as workers,
       (w.per_hour - u.median_per_hour)
           / greatest(s.mad / 0.6745, sqrt(greatest(u.instances, 1.0)) / (u.span_seconds / 3600)) as deviations
from workers w
join usual u on w.class = u.class
join spread s on w.class = s.class
where u.span_seconds > 0 and u.workers >= 5
order by deviations desc, class, host, worker
