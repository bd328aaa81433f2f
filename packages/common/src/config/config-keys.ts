import type { z } from "zod";

/** What a value of the configuration is, under defaults, optionals and transforms. */
export type Kind = "array" | "number" | "boolean" | "other";

/** A key of a configuration as its schema has it: what man pages and example files are made and checked from. */
export interface ConfigKey {
  readonly name: string;
  readonly description: string;
  readonly kind: Kind;
  /** The words it may be; empty where it is not a matter of choice. */
  readonly choices: readonly string[];
  /** Undefined where there is none. */
  readonly default: unknown;
  /** What the default is, where that depends on the machine; of the schema's `.meta({ defaultIs: … })`. */
  readonly defaultIs: string | undefined;
  readonly isRequired: boolean;
  /** Whether a running service takes a new value at a reload; of the schema's `.meta({ reloadable: true })`. */
  readonly isReloadable: boolean;
}

/** The keys of a configuration, in the order of its schema. */
export function configKeys(schema: z.ZodObject): ConfigKey[] {
  return Object.entries(schema.shape).map(([key, type]) => {
    const { description = "", defaultIs, reloadable } = (type as z.ZodType).meta() ?? {};
    const absent = (type as z.ZodType).safeParse(undefined);
    return {
      name: key,
      description,
      kind: kindOf(type),
      choices: choicesOf(type),
      default: absent.success ? absent.data : undefined,
      defaultIs: typeof defaultIs === "string" ? defaultIs : undefined,
      isRequired: !absent.success,
      isReloadable: reloadable === true,
    };
  });
}

/** What a key holds. */
export function kindOf(type: z.core.$ZodType): Kind {
  const { type: kind } = innermost(type);
  return kind === "array" || kind === "number" || kind === "boolean" ? kind : "other";
}

function choicesOf(type: z.core.$ZodType): readonly string[] {
  return Object.values(innermost(type).entries ?? {});
}

interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly entries?: Readonly<Record<string, string>>;
}

function innermost(type: z.core.$ZodType): Definition {
  const def = type._zod.def as Definition;
  if (def.innerType) return innermost(def.innerType);
  return def.type === "pipe" && def.in ? innermost(def.in) : def;
}
