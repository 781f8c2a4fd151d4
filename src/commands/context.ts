import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/log.ts';

/** What every command that reads sources starts from. */
export interface CommandContext {
  readonly config: Config;
  readonly logger: Logger;
  /** Text for people or scripts; stdout. */
  readonly write: (text: string) => void;
  /** Whether a person looks at stdout. */
  readonly terminal: boolean;
  /** `--timeout`. */
  readonly timeoutMs?: number;
}
