/**
 * Text that is written to be run by whatever reads it next (CWE-74): none of it has a place in a
 * measurement or in an address of ours. Each expression reads the text once, whatever stands there.
 */
const patterns = {
  'path-traversal': /\.\.[\\/]|%2e%2e(?:%2f|[\\/])/i,
  sql: /'\s?(?:or|and)\s?['\d(]|union\s(?:all\s)?select\s|;\s?drop\stable\s/i,
  shell: /[;|&`]\s?(?:cat|sh|bash|wget|curl|nc|rm)\s|\$\([a-z]/i,
  html: /<(?:script|img|svg|iframe|object)[\s/>]|javascript:/i,
  lookup: /\$\{(?:jndi|env|sys|lower|upper):/i,
  prototype: /__proto__|"constructor"\s?:\s?\{\s?"prototype"/,
} as const satisfies Record<string, RegExp>;

export type Injection = keyof typeof patterns;

/** Of a long text only the beginning is looked at. */
const lookedCharsMax = 4_096;

export function injectionIn(text: string): Injection | undefined {
  const looked = text.slice(0, lookedCharsMax);
  for (const [name, pattern] of Object.entries(patterns)) {
    if (pattern.test(looked)) return name as Injection;
  }
  return undefined;
}
