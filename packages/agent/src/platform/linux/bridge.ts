import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import { explain, formatLine, type IpLine } from "./ip.ts";

/** What `bridge -json fdb` says of an entry of a vxlan device, as far as we read it. */
export interface FdbEntry {
  readonly mac: string;
  readonly dst?: string;
  /** Present where it is not the device's own. */
  readonly port?: number | string;
}

/** Runs the lines in order in one `bridge` process; the first that fails ends the batch (`tool-failed`). */
export async function bridgeBatch(lines: readonly IpLine[]): Promise<void> {
  if (lines.length === 0) return;
  const input = `${lines.map(formatLine).join("\n")}\n`;
  const { code, stderr } = await tryRun("bridge", ["-batch", "-"], { input });
  if (code !== 0) throw new WarrenError("tool-failed", `bridge: ${explain(stderr, lines)}`);
}

/** The forwarding database of the device. */
export async function bridgeFdb(device: string): Promise<FdbEntry[]> {
  const { stdout } = await run("bridge", ["-json", "fdb", "show", "dev", device]);
  return stdout.trim() === "" ? [] : (JSON.parse(stdout) as FdbEntry[]);
}
