import { runDoctor } from "@warren/agent/doctor/doctor.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";

/** What depends on settings of the cluster that are not known before the host has joined; the agent's start tells. */
const OF_THE_CLUSTER = new Set(["udp port", "sealed port", "vxlan devices"]);

/**
 * The checks of `warren doctor`, before anything is changed. What is only slower is told.
 * @throws `host-unfit` with everything that would keep an agent from working
 */
export async function requireFitHost(
  options: { readonly underlay?: string; readonly control: string },
  note: (line: string) => void,
): Promise<void> {
  const checks = (await runDoctor(options)).filter(({ name }) => !OF_THE_CLUSTER.has(name));
  const failed = checks.filter(({ state }) => state === "fail");
  for (const { name, detail, fix } of checks.filter(({ state }) => state === "warn"))
    note(`to look at: ${name}: ${detail}${fix && `; ${fix}`}`);
  if (failed.length === 0) return;
  throw new WarrenError(
    "host-unfit",
    `this host cannot be a node yet: ${failed.map(({ name, detail, fix }) => `${name}: ${detail}${fix && ` (${fix})`}`).join("; ")}`,
  );
}
