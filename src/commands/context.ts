import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Screen } from './terminal/screen.ts';

/** What every command that reads sources starts from. */
export interface CommandContext {
  readonly config: Config;
  readonly logger: Logger;
  /** Results; stdout. */
  readonly write: (text: string) => void;
  /** What is beside the results; stderr. */
  readonly writeError: (text: string) => void;
  /** The terminal that stdout is; absent when nobody looks at it. */
  readonly screen?: Screen;
  /** `--json`: results for scripts. */
  readonly json: boolean;
  /** `--timeout`. */
  readonly timeoutMs?: number;
}
