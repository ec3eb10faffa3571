-- What public feeds say of vulnerabilities, in a file of its own: it is large, holds nothing of the
-- site, can be imported again, and a long import must not hold up what devices send.
-- Times are milliseconds since the epoch.

create table vulnerability (
  number integer primary key,
  id text not null,
  source text not null,
  modified_at integer not null,
  body text not null,
  unique (id, source)
) strict;

-- By what a component may be called, which vulnerabilities speak of it; see vulnerabilities/matching.ts.
create table named (
  key text not null,
  number integer not null,
  primary key (key, number)
) strict, without rowid;

-- CISA’s catalogue of known exploited vulnerabilities, as it was last.
create table exploited (
  id text primary key,
  added_at integer not null
) strict, without rowid;

-- FIRST’s EPSS scores, as they were last.
create table likelihood (
  id text primary key,
  epss real not null
) strict, without rowid;
