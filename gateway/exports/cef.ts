import { isIPv4, isIPv6 } from 'node:net';
import type { NumberedFinding, Severity } from '../core/finding.ts';
import { threats } from '../core/threat.ts';

/** CEF’s agent severity, 0 to 10. */
const severity: Readonly<Record<Severity, number>> = { low: 3, medium: 5, high: 8, critical: 10 };

/** The longest a text may be in a dictionary field of its kind. */
const textCharsMax = 1_000;

export interface CefOrigin {
  readonly site: string;
  readonly version: string;
}

/**
 * A finding in the Common Event Format (ArcSight CEF, version 0). Header fields escape the pipe,
 * extensions the equals sign and the end of a line; both the backslash. Nothing of it can begin another
 * field or another message, whoever chose a topic or an address.
 */
export function cefOf(finding: NumberedFinding, { site, version }: CefOrigin): string {
  const { threat, detector, about, at, outcome, confidence, evidence, sequence, episode } = finding;
  const { title, ics, enterprise } = threats[threat];
  const header = ['wardgate', 'wardgate', version, `${threat}:${detector}`, title];
  const techniques = [...ics.map(({ id }) => id), ...enterprise].join(' ');
  const fields: Readonly<Record<string, string | number | undefined>> = {
    rt: at,
    externalId: sequence,
    cat: threat,
    outcome,
    dvchost: site,
    src: isIPv4(about) ? about : undefined,
    ...(isIPv6(about) && { c6a2Label: 'Source IPv6 Address', c6a2: about }),
    cs1Label: 'about',
    cs1: about,
    cs2Label: 'ATT&CK techniques',
    cs2: techniques,
    cn1Label: 'episode',
    cn1: episode,
    cfp1Label: 'confidence',
    cfp1: confidence,
    msg: JSON.stringify(evidence),
  };
  const extension = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${extensionText(`${value}`.slice(0, textCharsMax))}`)
    .join(' ');
  return `CEF:0|${header.map(headerText).join('|')}|${severity[finding.severity]}|${extension}`;
}

function headerText(text: string): string {
  return inOneLine(text).replace(/[\\|]/g, '\\$&').replace(/\n/g, ' ');
}

function extensionText(text: string): string {
  return inOneLine(text).replace(/[\\=]/g, '\\$&').replace(/\n/g, '\\n');
}

/** One kind of line end, and no other control character. */
function inOneLine(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/[^\n\P{Cc}]/gu, ' ');
}
