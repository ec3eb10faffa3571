import { observationIdSystem } from '../core/observation.ts';
import type { DeviceResource, FhirResource, TransactionEntry } from './fhir-schema.ts';

export interface StoredResource {
  /** The server's own id. */
  readonly id: string;
  resource: FhirResource;
}

/** In observations by our identifier, so a blood pressure of three counts three. */
export interface HospitalCounts {
  /** Transactions that were understood. */
  readonly transactions: number;
  /** Observations in them, repeated ones too. */
  readonly received: number;
  readonly stored: number;
  /** Received again and, as asked, not stored again. */
  readonly repeated: number;
  /** Stored although they were there: nobody asked to look first. Must stay zero. */
  readonly duplicates: number;
}

interface Stored {
  /** `201` or `200`, in the order of the entries. */
  readonly statuses: readonly { readonly status: string; readonly location: string }[];
  /** Ids of the observations that are new. */
  readonly fresh: readonly string[];
}

export interface ResourceStore {
  /** By the value of the identifier in our own system. */
  readonly observations: ReadonlyMap<string, StoredResource>;
  readonly counts: HospitalCounts;
  /** All or nothing (FHIR R4 http.html#transaction). Says `full` or `ambiguous` when nothing was stored. */
  apply(entries: readonly TransactionEntry[]): Stored | 'full' | 'ambiguous';
  /** FHIR R4 http.html#cond-update: the status to answer with. */
  update(device: DeviceResource, token: string): 200 | 201 | 412 | 507;
  search(type: string, token: string): readonly StoredResource[];
}

/** Keeps what was sent in memory, at most `resourcesMax` resources. */
export function createResourceStore(resourcesMax: number): ResourceStore {
  const byIdentifier = new Map<string, StoredResource[]>();
  const observations = new Map<string, StoredResource>();
  const counts = { transactions: 0, received: 0, stored: 0, repeated: 0, duplicates: 0 };
  let size = 0;

  const search = (type: string, token: string) => byIdentifier.get(`${type}?${token}`) ?? [];

  function create(resource: FhirResource): { id: string; fresh: string[] } {
    size += 1;
    const stored: StoredResource = { id: `${size}`, resource };
    const fresh: string[] = [];
    for (const { system, value } of resource.identifier) {
      const key = `${resource.resourceType}?${system}|${value}`;
      const same = byIdentifier.get(key);
      if (same) same.push(stored);
      else byIdentifier.set(key, [stored]);
      if (system !== observationIdSystem) continue;
      if (observations.has(value)) {
        counts.duplicates += 1;
        continue;
      }
      observations.set(value, stored);
      counts.stored += 1;
      fresh.push(value);
    }
    return { id: stored.id, fresh };
  }

  return {
    observations,
    counts,
    search,
    update(device, token) {
      const [existing, another] = search('Device', token);
      if (another) return 412;
      if (!existing && size >= resourcesMax) return 507;
      if (!existing) create(device);
      else existing.resource = device;
      return existing ? 200 : 201;
    },

    apply(entries) {
      if (size + entries.length > resourcesMax) return 'full';
      const tokens = entries.map(({ request }) => tokenOf(request.ifNoneExist));
      const isAmbiguous = entries.some(
        ({ request }, index) => search(request.url, tokens[index] ?? '').length > 1,
      );
      if (isAmbiguous) return 'ambiguous';

      counts.transactions += 1;
      const fresh: string[] = [];
      const statuses = entries.map(({ resource, request }, index) => {
        const ours = resource.identifier.filter(({ system }) => system === observationIdSystem);
        counts.received += ours.length;
        const [existing] = search(request.url, tokens[index] ?? '');
        if (existing) {
          counts.repeated += ours.length;
          return { status: '200 OK', location: `${request.url}/${existing.id}/_history/1` };
        }
        const created = create(resource);
        fresh.push(...created.fresh);
        return { status: '201 Created', location: `${request.url}/${created.id}/_history/1` };
      });
      return { statuses, fresh };
    },
  };
}

/** `identifier=system|value` of If-None-Exist, with the escapes of FHIR R4 search.html#escaping. */
function tokenOf(ifNoneExist: string | undefined): string {
  const token = new URLSearchParams(ifNoneExist ?? '').get('identifier') ?? '';
  return token.replace(/\\([\\$,|])/g, '$1');
}
