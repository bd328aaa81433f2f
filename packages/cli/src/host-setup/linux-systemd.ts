import { existsSync } from "node:fs";
import { run, tryRun } from "@warren/common/runtime/run.ts";
import type { Systemd, UnitState } from "./systemd.ts";

/** A stop may take TimeoutStopSec= of the unit. */
const STOP_MS = 60_000;

/** systemd of this host, by `systemctl` and `journalctl`. */
export const linuxSystemd: Systemd = {
  // As sd_booted(3) does.
  isRunning: () => existsSync("/run/systemd/system"),

  async reload() {
    await run("systemctl", ["daemon-reload"]);
  },

  async enable(unit) {
    await run("systemctl", ["--quiet", "enable", unit]);
  },

  async start(unit) {
    // One that has failed before is started like any other.
    await tryRun("systemctl", ["reset-failed", unit]);
    await run("systemctl", ["--no-block", "start", unit]);
  },

  async disable(unit) {
    await tryRun("systemctl", ["--quiet", "disable", "--now", unit], { timeoutMs: STOP_MS });
    await tryRun("systemctl", ["reset-failed", unit]);
  },

  async state(unit) {
    const { stdout } = await run("systemctl", ["show", "--property=ActiveState,SubState,StatusText", unit]);
    const values = new Map(
      stdout.split("\n").map((line): [string, string] => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
    return {
      active: (values.get("ActiveState") ?? "inactive") as UnitState["active"],
      sub: values.get("SubState") ?? "",
      status: values.get("StatusText") ?? "",
    };
  },

  async lastLines(unit, count) {
    const { stdout } = await tryRun("journalctl", [
      "--quiet",
      "--no-pager",
      "--output=cat",
      `--lines=${count}`,
      `--unit=${unit}`,
    ]);
    return stdout.split("\n").filter((line) => line !== "");
  },
};
