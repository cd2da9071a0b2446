-- Which lines create objects in later processes alone: what a deployment brought, the earliest first.
--
-- Lines are the same in every version by file, function and text; their numbers move. Processes stand in the
-- order in which their versions were first seen, or, without the label version, in that of their dumps. A row is
-- a line that is in nearly all processes from some point on, and in none of two or more before. `ctstats trend`
-- also tells of lines that are in fewer of them, if chance does not explain it. It compares the last two parts of a
-- path, and the lines of the program's own code; here the whole path counts, of the frame that created the objects.
with processes as (
    select process, min(written_at) as written_at, max(coalesce(version, '')) as version
    from dumps
    group by process
),
traced as (
    select d.process as process, s.file as file, s.function as function, coalesce(s.source, '') as source,
           min(s.line) as line, max(s.objects) as objects
    from sites s
    join dumps d on s.dump = d.id
    where s.file is not null
    group by d.process, s.file, s.function, coalesce(s.source, '')
),
versions as (
    select version, min(written_at) as since from processes group by version
),
ranks as (
    -- Of processes that recorded no traces nothing is known.
    select p.process as process, p.version as version,
           case when p.version = '' then p.written_at else v.since end as since
    from processes p
    join versions v on p.version = v.version
    join (select distinct process from traced) t on p.process = t.process
),
firsts as (
    select t.file as file, t.function as function, t.source as source, min(t.line) as line,
           min(r.since) as since, count(*) as processes_with, sum(t.objects) as objects, 1 as one
    from traced t
    join ranks r on t.process = r.process
    group by t.file, t.function, t.source
),
all_ranks as (
    select since, max(version) as version, count(*) as processes, 1 as one from ranks group by since
),
lines as (
    select f.file as file, f.line as line, f.function as function, f.source as source,
           max(case when a.since = f.since then a.version else '' end) as since_version,
           max(f.since) as since,
           sum(case when a.since < f.since then a.processes else 0 end) as processes_before,
           max(f.processes_with) as processes_with,
           sum(case when a.since < f.since then 0 else a.processes end) as processes_after,
           max(f.objects) as objects
    from firsts f
    join all_ranks a on f.one = a.one
    group by f.file, f.line, f.function, f.source
)
select file, line, function, source, since_version, since, processes_before, processes_with, processes_after, objects
from lines
where processes_before >= 2 and processes_with >= 2 and processes_with >= 0.9 * processes_after
order by since, objects desc, file, line
