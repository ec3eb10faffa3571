/** A search for the one resource with this identifier: what conditional interactions look for. */
export function searchFor(system: string, value: string): string {
  return `identifier=${system}|${searchToken(value)}`;
}

/** FHIR R4 search.html#escaping: `\ $ , |` are part of the search language; then RFC 3986. */
function searchToken(value: string): string {
  if (/^[\w.~-]+$/.test(value)) return value;
  return encodeURIComponent(value.replace(/[\\$,|]/g, '\\$&'));
}
