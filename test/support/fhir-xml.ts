/** An element of FHIR XML: its `value`, or what is in it. */
export interface FhirElement {
  readonly name: string;
  readonly value?: string;
  readonly children: readonly FhirElement[];
}

/**
 * Reads what FHIR XML needs of XML: elements, the attribute `value`, entities of neither. For examples
 * that were published, not for what comes over a line.
 */
export function readFhirXml(text: string): FhirElement {
  interface Open {
    readonly name: string;
    readonly value?: string;
    readonly children: Open[];
  }
  const root: Open = { name: '', children: [] };
  const open = [root];
  for (const [, closes, name = '', attributes = '', isEmpty] of text.matchAll(
    /<(\/?)([A-Za-z]+)([^<>]*?)(\/?)>/g,
  )) {
    if (closes) {
      open.pop();
      continue;
    }
    const value = /\svalue="([^"]*)"/.exec(attributes)?.[1];
    const element: Open = { name, children: [], ...(value !== undefined && { value }) };
    open.at(-1)?.children.push(element);
    if (!isEmpty) open.push(element);
  }
  const [resource, ...rest] = root.children;
  if (!resource || rest.length > 0 || open.length > 1) throw new RangeError('no FHIR XML');
  return resource;
}

/** All elements at this path below, such as `component/code/coding`. */
export function elementsAt(element: FhirElement, path: string): readonly FhirElement[] {
  return path
    .split('/')
    .reduce<readonly FhirElement[]>(
      (found, name) => found.flatMap(({ children }) => children.filter((one) => one.name === name)),
      [element],
    );
}

/** The value at this path; empty when it is not there. */
export function valueAt(element: FhirElement, path: string): string {
  return elementsAt(element, path)[0]?.value ?? '';
}
