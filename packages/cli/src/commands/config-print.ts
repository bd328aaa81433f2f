import { flagName, type LoadedConfig } from "@warren/common/config/load-config.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { AGENT_FLAGS, CONTROL_FLAGS } from "../command-flags.ts";
import { type CommandContext, print } from "../context.ts";
import { formatTable } from "../output/table.ts";
import { maskSecret } from "../service/mask-secret.ts";
import { loadAgentConfig, loadControlConfig } from "../service/service-config.ts";

export async function run(context: CommandContext): Promise<void> {
  const service = context.args[0] as "agent" | "control";
  const known = service === "agent" ? AGENT_FLAGS : CONTROL_FLAGS;
  for (const [name, value] of Object.entries(context.flags)) {
    if (value === undefined || name === "output" || known.some((flag) => flag.name === name)) continue;
    throw new WarrenError("usage", `--${name} is no flag of \`warren ${service}\``);
  }
  const loaded: LoadedConfig<Record<string, unknown>> =
    service === "agent" ? await loadAgentConfig(context) : await loadControlConfig(context);
  const rows = Object.keys(loaded.origin).map((key) => ({
    key: flagName(key),
    value: maskSecret(flagName(key), loaded.values[key]),
    origin: loaded.origin[key]!,
  }));
  const byKey = Object.fromEntries(rows.map((row) => [row.key, { value: row.value ?? null, ...row.origin }]));
  await print(context, byKey, (wide) =>
    formatTable(
      [
        { header: "KEY", cell: (row) => row.key },
        { header: "VALUE", cell: (row) => shown(row.value) },
        { header: "FROM", cell: (row) => row.origin.where },
      ],
      rows,
      wide,
    ),
  );
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.join(",") : String(value);
}
