import type { ConfigKey } from "@warren/common/config/config-keys.ts";
import type { LoadedConfig } from "@warren/common/config/load-config.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { LOG_LEVELS, type LogLevel } from "@warren/common/runtime/logger.ts";
import type { Logger } from "pino";
import { maskSecret } from "./mask-secret.ts";

export interface Reloading {
  /** Those of the schema. */
  readonly keys: readonly ConfigKey[];
  /** The configuration that the service was started with. */
  readonly inForce: LoadedConfig<Record<string, unknown>>;
  /** Reads it again, from the same places. */
  readonly load: () => Promise<LoadedConfig<Record<string, unknown>>>;
  /** The logger of the process. */
  readonly logger: Logger;
}

interface Change {
  /** Not `key`: the logger takes that for a secret. */
  readonly setting: string;
  readonly from: unknown;
  readonly to: unknown;
  /** Where the new value stands. */
  readonly where: string;
}

/**
 * What SIGHUP does to a service: its configuration is read again, with the precedence of the start, and what its schema
 * calls reloadable is taken. Each key that has another value than the one in force is named in the log; one that needs a
 * restart is named at every reload until there was one. A configuration that is not valid changes nothing.
 */
export function configReloader({ keys, inForce, load, logger }: Reloading): () => Promise<void> {
  const values = { ...inForce.values };

  return async () => {
    let loaded: LoadedConfig<Record<string, unknown>>;
    try {
      loaded = await load();
    } catch (error) {
      logger.error({ err: WarrenError.from(error) }, "the configuration cannot be used, what was in force stays");
      return;
    }
    const changes = keys
      .map(({ name }) => ({ name, isSame: isSame(values[name], loaded.values[name]) }))
      .filter(({ isSame }) => !isSame)
      .map(({ name }) => changeOf(name, values[name], loaded));
    const isReloadable = ({ setting }: Change) => keys.some((each) => each.name === setting && each.isReloadable);

    // Said at the louder of both levels: a change of the level must not silence its own line.
    const level = levelAfter(changes, logger);
    logger.level = LOG_LEVELS.find((each) => each === level || each === logger.level)!;
    for (const change of changes) {
      if (isReloadable(change)) {
        values[change.setting] = loaded.values[change.setting];
        logger.info(change, "configuration changed");
      } else logger.warn(change, "configuration changed on disk, needs a restart");
    }
    if (changes.length === 0) logger.info("configuration read again, nothing changed");
    logger.level = level;
  };
}

/** All that can change while a service runs, so far. */
function levelAfter(changes: readonly Change[], logger: Logger): LogLevel {
  const change = changes.find(({ setting }) => setting === "log-level");
  return (change?.to ?? logger.level) as LogLevel;
}

function changeOf(setting: string, from: unknown, loaded: LoadedConfig<Record<string, unknown>>): Change {
  const to = loaded.values[setting];
  const where = loaded.origin[setting]!.where;
  return { setting, from: maskSecret(setting, from), to: maskSecret(setting, to), where };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
