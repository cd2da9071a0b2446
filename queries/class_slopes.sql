-- Which classes grow across the fleet: a row for each class, the fastest first.
--
-- The slope of a class in a process is the median of the slopes between all pairs of snapshots of its last
-- dump (Theil and Sen), by the hour. A row has the medians over all processes, as `ctstats trend` has them in
-- `classes`: instances_per_hour, bytes_per_hour, instances_last, bytes_last, processes. share_rising is the
-- share of processes with a slope above 0; the verdicts of trend need more than that.
with last_dumps as (
    -- The last checkpoint of a process tells all that the earlier ones do.
    select d.process as process, max(d.id) as dump, max(d.last_seconds) as last_seconds
    from dumps d
    join (select process, max(last_seconds) as last_seconds from dumps group by process) l
      on d.process = l.process and d.last_seconds = l.last_seconds
    group by d.process
),
points as (
    select l.process as process, c.class as class, c.timestamp_seconds as seconds,
           c.snapshot as snapshot, c.active as active, c.sum_bytes as bytes
    from class_samples c
    join last_dumps l on c.dump = l.dump
),
slopes as (
    select a.process as process, a.class as class,
           median((b.active - a.active) / (b.seconds - a.seconds)) * 3600 as instances_per_hour,
           median((b.bytes - a.bytes) / (b.seconds - a.seconds)) * 3600 as bytes_per_hour
    from points a
    join points b on a.process = b.process and a.class = b.class
    where b.seconds > a.seconds
    group by a.process, a.class
),
ends as (
    select p.process as process, p.class as class, p.active as active, p.bytes as bytes
    from points p
    join (select process, max(snapshot) as snapshot from points group by process) m
      on p.process = m.process and p.snapshot = m.snapshot
)
select e.class as class,
       count(*) as processes,
       avg(case when s.instances_per_hour > 0 then 1.0 else 0.0 end) as share_rising,
       median(s.instances_per_hour) as instances_per_hour,
       median(s.bytes_per_hour) as bytes_per_hour,
       median(e.active) as instances_last,
       median(e.bytes) as bytes_last
from ends e
left join slopes s on e.process = s.process and e.class = s.class
group by e.class
order by instances_per_hour desc, class
