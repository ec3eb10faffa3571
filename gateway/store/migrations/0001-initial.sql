-- Times are milliseconds since the epoch on the gateway's clock.

create table device (
  id text primary key,
  profile text not null,
  class text not null,
  function text not null,
  -- Where it stands, and since when: what the hospital calls point of care, room and bed.
  ward text not null,
  room text not null,
  bed text not null,
  placed_at integer not null,
  added_at integer not null,
  -- What the device announces of itself, once it did.
  serial_number text,
  -- SHA-256 of the one-time enrolment token, until it is used or expires.
  token_hash text,
  token_expires_at integer
) strict;

-- Every certificate the site issued, to devices and to others. Rows stay.
create table certificate (
  serial_number text primary key,
  kind text not null,
  subject text not null,
  fingerprint text not null unique,
  not_before integer not null,
  not_after integer not null,
  -- Fingerprint of the certificate it was issued in the place of.
  replaces text
) strict;

create index certificate_by_subject on certificate (subject);

create table revoked (
  sequence integer primary key,
  serial_number text not null unique references certificate (serial_number),
  revoked_at integer not null,
  reason text not null
) strict;

-- What the issuing authority has signed: an expired certificate is let in until then.
create table grace (
  sequence integer primary key,
  fingerprint text not null,
  statement text not null,
  signature text not null
) strict;

create table association (
  device text not null references device (id),
  subject text not null,
  since integer not null,
  until integer,
  primary key (device, since)
) strict, without rowid;

-- What a person decided about a device that is not trusted. Rows leave when it ends.
create table quarantine (
  device text primary key references device (id),
  mode text not null,
  reason text not null,
  actor text not null,
  since integer not null,
  until integer
) strict, without rowid;

-- What the hospital said last of each patient's place. `bed` is ward, room and bed, a line each.
create table stay (
  subject text primary key,
  bed text,
  is_present integer not null,
  visit text not null,
  at integer not null,
  -- What the hospital's clock showed, where it states no zone.
  wall_time integer
) strict, without rowid;

-- What is known of each device's own clock: `offset_ms` is the least it is ahead of true time at
-- `at`, and the truth is at most `uncertainty_ms` more. `step_ms` is by how much it was set last.
create table device_clock (
  device text primary key references device (id),
  is_zoned integer not null,
  offset_ms real not null,
  uncertainty_ms real not null,
  drift_low_ppm real not null,
  drift_high_ppm real not null,
  readings integer not null,
  at integer not null,
  since integer not null,
  step_ms real not null
) strict, without rowid;

-- Where each run of the machine lies in true time, once that was known: true minus monotonic time.
create table boot (
  id text primary key,
  anchor_ms real not null
) strict, without rowid;

-- The newest time that was ever known here: no clock that shows less is right.
create table newest_time (
  one integer primary key check (one = 1),
  at integer not null
) strict;

-- The time by which what is kept for a time grows old, and the moment of a run of the machine at which
-- it was that: from there the monotonic clock goes on.
create table age (
  one integer primary key check (one = 1),
  at integer not null,
  boot text not null,
  monotonic_ms real not null
) strict;

-- What each relay still owes its destination, several entries a row, clustered in the order of
-- delivery. Sequences rise over all lanes of a relay. `body` is JSON: [[sequence, entry, order?],
-- ...], with the order of arrival where it is not the sequence.
create table outbox (
  relay text not null,
  lane integer not null,
  sequence integer not null,
  body text not null,
  primary key (relay, lane, sequence)
) strict, without rowid;

-- What each lane of the outbox holds, kept beside every change so that nobody has to count.
create table outbox_lane (
  relay text not null,
  lane integer not null,
  last_sequence integer not null,
  entries integer not null,
  bytes integer not null,
  primary key (relay, lane)
) strict, without rowid;

-- What a destination refused, with its cause. Leaves only by command.
create table refused (
  sequence integer primary key,
  relay text not null,
  lane integer not null,
  -- Its place in the order of arrival, which it keeps when it is sent again.
  arrival integer not null,
  body text not null,
  cause text not null,
  refused_at integer not null
) strict;

create index refused_by_cause on refused (relay, cause);

-- What waits for a patient.
create table held (
  sequence integer primary key,
  device text not null,
  body text not null,
  -- unbound: nobody was bound to the device. swapped: it was another device. no-relay: the site
  -- had no destination. quarantined: the device was. limited: it said more than it may.
  cause text not null,
  held_at integer not null,
  -- While the time is not known: the run of the machine in whose monotonic time `held_at` is.
  boot text
) strict;

-- With the cause, so that what is held for another one is passed over without being read.
create index held_by_device on held (device, sequence, cause);

-- How much waits, kept beside every change: it is asked for often, and counting would stop a commit.
create table held_depth (
  device text not null,
  cause text not null,
  rows integer not null,
  primary key (device, cause)
) strict, without rowid;

create trigger held_added after insert on held begin
  insert into held_depth (device, cause, rows) values (new.device, new.cause, 1)
    on conflict (device, cause) do update set rows = rows + 1;
end;

create trigger held_removed after delete on held begin
  update held_depth set rows = rows - 1 where device = old.device and cause = old.cause;
end;

create trigger held_changed after update of cause on held begin
  update held_depth set rows = rows - 1 where device = old.device and cause = old.cause;
  insert into held_depth (device, cause, rows) values (new.device, new.cause, 1)
    on conflict (device, cause) do update set rows = rows + 1;
end;

create table rejection (
  sequence integer primary key,
  device text not null,
  at integer not null,
  stage text not null,
  reason text not null,
  detail text not null
) strict;

-- Findings of one detector about one device or address within ten minutes, and what a person made
-- of them. `at` is when it began; what is said of it is the worst of its findings.
create table episode (
  sequence integer primary key autoincrement,
  threat text not null,
  detector text not null,
  about text not null,
  at integer not null,
  last_at integer not null,
  count integer not null,
  severity text not null,
  confidence real not null,
  outcome text not null,
  evidence text not null,
  state text not null,
  -- Why it was closed.
  cause text,
  actor text,
  changed_at integer,
  reason text
) strict;

create index episode_by_about on episode (about, detector);

-- What a device said before and after a finding, as it came: it may name a patient.
create table frame (
  sequence integer primary key autoincrement,
  episode integer not null,
  at integer not null,
  channel text not null,
  bytes blob not null
) strict;

create index frame_by_episode on frame (episode);

-- What the gateway did of itself about an episode, or did not, and who was asked.
create table response (
  sequence integer primary key autoincrement,
  episode integer not null,
  threat text not null,
  detector text not null,
  action text not null,
  object text not null,
  state text not null,
  reason text not null,
  at integer not null,
  lasts_ms integer not null,
  until integer,
  actor text,
  settled_at integer
) strict;

create index response_by_object on response (object, action);

-- From which addresses each device was seen: whoever blocks an address must know who is behind it.
create table sighting (
  device text not null,
  address text not null,
  at integer not null,
  primary key (device, address)
) strict, without rowid;

create index sighting_by_address on sighting (address);

create table finding (
  sequence integer primary key autoincrement,
  episode integer not null,
  at integer not null,
  threat text not null,
  detector text not null,
  about text not null,
  severity text not null,
  confidence real not null,
  outcome text not null,
  evidence text not null
) strict;

create index finding_by_episode on finding (episode);

-- Each entry's hash covers the hash of the one before. Rows leave by pruning only, oldest first.
create table audit (
  sequence integer primary key,
  at integer not null,
  actor text not null,
  action text not null,
  object text not null,
  outcome text not null,
  detail text not null,
  hash text not null
) strict;

-- How far the log collector has the audit trail, and findings.
create table audit_cursor (
  one integer primary key check (one = 1),
  entry integer not null,
  checkpoint integer not null,
  finding integer not null
) strict;

-- Who asked the running gateway to read its settings anew, and what became of it.
create table reload (
  sequence integer primary key autoincrement,
  actor text not null,
  asked_at integer not null,
  -- When the gateway was last about it.
  seen_at integer,
  outcome text,
  code text,
  detail text not null
) strict;

-- SHA-256 of each setting the gateway ran with last: what changed is audited, never its value.
create table seen_setting (
  path text primary key,
  digest text not null
) strict, without rowid;

-- Counts that outlive the rows they count: delivered, shed, expired.
create table counter (
  name text primary key,
  value integer not null
) strict, without rowid;

-- Who may use the gateway. A person has a password (Argon2id in PHC form), a machine a token;
-- who comes by the hospital's sign-on has neither here.
create table user (
  name text primary key,
  kind text not null,
  role text not null,
  password text,
  -- The password was made by the gateway: it opens nothing but its own change.
  must_change integer not null,
  added_at integer not null,
  -- The second factor, once it was confirmed, and the one that waits to be.
  totp_secret blob,
  totp_offered blob,
  -- The last step of time whose code was used: a code is good once.
  totp_step integer not null
) strict;

-- SHA-256 of one-time codes for who lost the second factor.
create table recovery_code (
  user text not null references user (name) on delete cascade,
  hash text not null,
  primary key (user, hash)
) strict, without rowid;

-- `hash` is the SHA-256 of what the browser holds.
create table session (
  hash text primary key,
  user text not null references user (name) on delete cascade,
  started_at integer not null,
  seen_at integer not null,
  address text not null
) strict, without rowid;

create index session_by_user on session (user);

-- `hash` is the SHA-256 of what the machine holds.
create table token (
  hash text primary key,
  user text not null unique references user (name) on delete cascade,
  issued_at integer not null,
  expires_at integer not null
) strict, without rowid;

-- Failed sign-ins in a row, of a name (as its SHA-256, whether anybody has it or not) or an address.
create table sign_in_failure (
  subject text primary key,
  count integer not null,
  last_at integer not null,
  blocked_until integer not null
) strict, without rowid;

-- Who broke the glass, why, and who looked at it.
create table glass_break (
  sequence integer primary key,
  user text not null,
  reason text not null,
  opened_at integer not null,
  until integer not null,
  reviewer text,
  reviewed_at integer,
  verdict text
) strict;

create index glass_break_by_user on glass_break (user, until);

-- Whose bundles of vulnerability data are believed: Ed25519 public keys as PEM.
create table bundle_key (
  fingerprint text primary key,
  public_key text not null,
  actor text not null,
  trusted_at integer not null
) strict, without rowid;

-- Which feeds are in the file beside this one. `published_at`: what the feed says of its age, if it does.
create table feed (
  kind text not null,
  name text not null,
  published_at integer,
  imported_at integer not null,
  entries integer not null,
  bad_entries integer not null,
  primary key (kind, name)
) strict, without rowid;

-- What each device model is made of (SBOM), as JSON: all but its parts, and its parts.
create table bill (
  model text primary key,
  head text not null,
  components text not null
) strict;

-- What was said of vulnerabilities in products (VEX), by makers and by people of this site. Rows stay:
-- what is taken back gets a time.
create table vex (
  sequence integer primary key,
  vulnerability text not null,
  -- SHA-256 of the statement: a document that comes again says nothing new.
  digest text not null unique,
  body text not null,
  actor text not null,
  recorded_at integer not null,
  withdrawn_by text,
  withdrawn_at integer
) strict;

create index vex_by_vulnerability on vex (vulnerability);

-- Which vulnerabilities the components of a model have, or may have. `body` is JSON.
create table vulnerability_match (
  model text not null,
  component text not null,
  vulnerability text not null,
  body text not null,
  first_seen_at integer not null,
  primary key (model, vulnerability, component)
) strict, without rowid;

-- When each model was matched last: one that never was has no known vulnerabilities, which is not none.
create table matched_model (
  model text primary key,
  matched_at integer not null
) strict, without rowid;

-- What makers answered on their MDS2 forms. `body` is JSON.
create table mds2 (
  model text primary key,
  body text not null
) strict, without rowid;

-- What was seen or stated of a device, one answer a question; what its security score is made of.
create table statement (
  device text not null,
  question text not null,
  value text not null,
  source text not null,
  at integer not null,
  ttl_ms integer not null,
  evidence text,
  primary key (device, question)
) strict, without rowid;

-- The course of security scores by minute, hour and day; `at` is when it began, `score` the last in
-- it. `_site` is the whole site.
create table rama_point (
  device text not null,
  grain text not null,
  at integer not null,
  score real not null,
  lowest real not null,
  low real not null,
  high real not null,
  primary key (device, grain, at)
) strict, without rowid;

-- On how many days somebody did something of that kind; old days count less. Days since the epoch.
create table habit (
  actor text not null,
  what text not null,
  days real not null,
  last_day integer not null,
  primary key (actor, what)
) strict, without rowid;

-- By what it is proven that a device said something, and the highest counter that was kept of it.
create table device_key (
  device text primary key,
  algorithm text not null,
  key blob not null,
  counter integer not null
) strict, without rowid;
