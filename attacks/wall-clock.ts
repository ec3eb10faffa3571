import { readFileSync } from 'node:fs';

/**
 * Preloaded into the gateway of an attack (`NODE_OPTIONS=--import`): its wall clock is the machine’s plus the
 * milliseconds that stand in the file WARDGATE_ATTACK_CLOCK names. To set the real one takes root, and
 * would set it for the hospital and the bystander too.
 */
const path = process.env['WARDGATE_ATTACK_CLOCK'];
const trueNow = Date.now.bind(Date);

function wallNow(): number {
  try {
    return trueNow() + Number(readFileSync(path ?? '', 'utf8'));
  } catch {
    // Nobody has set it yet.
    return trueNow();
  }
}

if (path !== undefined) Date.now = wallNow;
