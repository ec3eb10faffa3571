import type { ServerResponse } from 'node:http';
import type { StoredResource } from './resource-store.ts';

/** What this server can do (FHIR R4 capabilitystatement.html). */
export const metadata = {
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-01-01',
  kind: 'instance',
  implementation: { description: 'Simulated hospital: nothing is kept.' },
  fhirVersion: '4.0.1',
  format: ['json'],
  rest: [
    {
      mode: 'server',
      resource: [
        {
          type: 'Observation',
          interaction: [{ code: 'create' }, { code: 'search-type' }],
          conditionalCreate: true,
          searchParam: [{ name: 'identifier', type: 'token' }],
        },
        {
          type: 'Device',
          interaction: [{ code: 'update' }, { code: 'search-type' }],
          conditionalUpdate: true,
          searchParam: [{ name: 'identifier', type: 'token' }],
        },
      ],
      interaction: [{ code: 'transaction' }],
    },
  ],
};

export function searchset(found: readonly StoredResource[]): object {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    total: found.length,
    entry: found.map(({ id, resource }) => ({ resource: { ...resource, id } })),
  };
}

/** An OperationOutcome of one issue, at the element with this path. */
export function sendIssue(
  response: ServerResponse,
  status: number,
  code: string,
  path?: readonly PropertyKey[],
): void {
  const steps = path?.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  const expression = steps && [`Bundle${steps.join('')}`];
  send(response, status, {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code, ...(expression && { expression }) }],
  });
}

export function send(response: ServerResponse, status: number, resource: object): void {
  sendText(response, status, JSON.stringify(resource));
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/fhir+json; fhirVersion=4.0',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
