import { GatewayError } from '../core/error.ts';
import { askSecret } from '../people/secret-prompt.ts';
import { readSecretFile } from '../pki/secrets.ts';

/** NIST SP 800-63B-4 3.1.1.2 asks 15 of a secret that is the only factor. */
const lengthMin = 15;

/**
 * The passphrase of a backup: from a file that only its owner may read, a terminal, or stdin.
 *
 * @throws GatewayError `usage` when it is too short.
 */
export async function backupPassphrase(
  file: string | undefined,
  prompts: readonly string[],
): Promise<string> {
  const [line = ''] = file
    ? readSecretFile(file).toString('utf8').split(/\r?\n/)
    : [await askSecret(prompts)];
  if ([...line].length < lengthMin) {
    throw new GatewayError('usage', `a passphrase of a backup has at least ${lengthMin} letters`);
  }
  return line;
}
