import { createHash } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Episode } from '../core/episode.ts';
import { type Threat, threats } from '../core/threat.ts';

/** One STIX object, or the bundle of them. */
export type StixObject = Readonly<Record<string, unknown>> & {
  readonly type: string;
  readonly id: string;
};

export interface StixBundle {
  readonly type: 'bundle';
  readonly id: string;
  readonly objects: readonly StixObject[];
}

/** For identifiers of observables, the same with every producer (STIX 2.1, 2.9). */
const observables = '00abedb4-aa42-466c-9c01-fed23315a9b7';
/** For everything else: ours, so that an export made twice is the same twice. */
const own = uuid5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'urn:wardgate:stix');

const specVersion = '2.1';
/** STIX 2.1, 4.14 and 5.2: the largest count there is. */
const countMax = 999_999_999;
/** `created` of what does not change: techniques, and this gateway. Not a moment, but it must be one. */
const constant = '2026-01-01T00:00:00.000Z';

/**
 * Episodes as a STIX 2.1 bundle: of each an indicator, what was observed, and a sighting of the one by
 * the other; techniques of ATT&CK as attack patterns; the gateway as the identity that saw it. Identifiers
 * are UUIDv5: the same episodes give the same bundle. What was closed as a false alarm or a test revokes its
 * indicator.
 */
export function stixOf(episodes: readonly Episode[], site: string): StixBundle {
  const gateway: StixObject = {
    ...head('identity', site, constant, constant),
    name: `wardgate ${site}`,
    identity_class: 'system',
  };
  const objects = new Map<string, StixObject>([[gateway.id, gateway]]);
  for (const episode of episodes) {
    for (const object of objectsOf(episode, gateway.id)) objects.set(object.id, object);
  }
  const all = [...objects.values()];
  const id = `bundle--${uuid5(own, all.map((each) => `${each.id} ${each['modified']}`).join('\n'))}`;
  return { type: 'bundle', id, objects: all };
}

function objectsOf(episode: Episode, gateway: string): readonly StixObject[] {
  const { sequence, at, lastAt, count, threat, detector, about, state, cause } = episode;
  const first = textOf(at);
  const last = textOf(lastAt);
  const changed = textOf(Math.max(lastAt, episode.changedAt ?? 0));
  const key = `${gateway} ${sequence}`;
  const by = { created_by_ref: gateway };
  const confidence = Math.round(100 * episode.confidence);
  const labels = [`threat:${threat}`, `severity:${episode.severity}`, `outcome:${episode.outcome}`];
  const observable = observableOf(about);
  const patterns = techniquesOf(threats[threat]);
  const isRevoked = state === 'closed' && (cause === 'false-positive' || cause === 'test');
  const indicator: StixObject = {
    ...head('indicator', key, first, changed),
    ...by,
    name: `${threat} ${detector}`,
    description: threats[threat].title,
    indicator_types: ['anomalous-activity'],
    pattern: patternOf(about),
    pattern_type: 'stix',
    valid_from: first,
    ...{ confidence, labels, revoked: isRevoked },
  };
  const observed: StixObject = {
    ...head('observed-data', key, first, changed),
    ...by,
    first_observed: first,
    last_observed: last,
    number_observed: Math.min(count, countMax),
    object_refs: [observable.id],
  };
  const sighting: StixObject = {
    ...head('sighting', key, first, changed),
    ...by,
    description: JSON.stringify(episode.evidence),
    first_seen: first,
    last_seen: last,
    count: Math.min(count, countMax),
    ...{ confidence, labels },
    sighting_of_ref: indicator.id,
    observed_data_refs: [observed.id],
    where_sighted_refs: [gateway],
  };
  const relationships = patterns.map((pattern) => ({
    ...head('relationship', `${indicator.id} ${pattern.id}`, first, first),
    ...by,
    relationship_type: 'indicates',
    source_ref: indicator.id,
    target_ref: pattern.id,
  }));
  return [observable, ...patterns, indicator, observed, sighting, ...relationships];
}

/** An address as what it is; a device as the account its certificate stands for. */
function observableOf(about: string): StixObject {
  const type = isIPv4(about) ? 'ipv4-addr' : isIPv6(about) ? 'ipv6-addr' : 'user-account';
  const said = type === 'user-account' ? { user_id: about } : { value: about };
  // The properties that make the identifier, as canonical JSON (RFC 8785): there is one of them.
  const id = `${type}--${uuid5(observables, JSON.stringify(said))}`;
  return { type, spec_version: specVersion, id, ...said };
}

function patternOf(about: string): string {
  const text = about.replace(/[\\']/g, '\\$&');
  if (isIPv4(about)) return `[ipv4-addr:value = '${text}']`;
  if (isIPv6(about)) return `[ipv6-addr:value = '${text}']`;
  return `[user-account:user_id = '${text}']`;
}

function techniquesOf({ ics, enterprise }: Threat): readonly StixObject[] {
  return [...ics.map(({ id }) => id), ...enterprise].map((id) => ({
    ...head('attack-pattern', id, constant, constant),
    name: id,
    external_references: [
      {
        source_name: 'mitre-attack',
        external_id: id,
        url: `https://attack.mitre.org/techniques/${id.replace('.', '/')}`,
      },
    ],
  }));
}

function head(type: string, key: string, created: string, modified: string) {
  const id = `${type}--${uuid5(own, `${type} ${key}`)}`;
  return { type, spec_version: specVersion, id, created, modified };
}

/** RFC 9562 5.5. */
function uuid5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

function textOf(at: number): string {
  return new Date(at).toISOString();
}
