import { z } from 'zod';

/** What a command gets from the command line, and where its words go. */
export interface Invocation<Options> {
  readonly arguments: readonly string[];
  readonly options: Options;
  /** One line on stdout. */
  readonly print: (line: string) => void;
  /** One line on stderr: progress and remarks, never results. */
  readonly remark: (line: string) => void;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Exit code 0 is done, 1 refused or a check failed, 2 usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** One command of `wardgate`, or one word of a command: `device add`. */
export interface Command<Options = unknown> {
  readonly name: string;
  readonly summary: string;
  /** Such as `<id>` or `[file]`, in order. */
  readonly arguments?: readonly string[];
  /** Each key is an option: `gatewayHost` is `--gateway-host`. Types and help come from here. */
  readonly options?: z.ZodObject;
  readonly example: string;
  readonly run?: (invocation: Invocation<Options>) => Promise<ExitCode>;
  readonly commands?: readonly Command[];
}

export function defineCommand<Options extends z.ZodObject = z.ZodObject<Record<never, never>>>(
  command: Omit<Command, 'options' | 'run'> & {
    readonly options?: Options;
    readonly run?: (invocation: Invocation<z.output<Options>>) => Promise<ExitCode>;
  },
): Command {
  return command as Command;
}

/** Options that many commands share, so that they are called the same everywhere. */
export const dirOption = z
  .string()
  .default('./var')
  .describe('The site directory: settings, certificates, database.');
export const passphraseFileOption = z
  .string()
  .optional()
  .describe('File of mode 600 with the passphrase. Else it is asked, or read from stdin.');
export const jsonOption = z.boolean().default(false).describe('Print JSON, for machines.');
export const siteOptions = z.strictObject({ dir: dirOption, json: jsonOption });
