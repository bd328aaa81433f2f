import { run, tryRun } from "@warren/common/runtime/run.ts";

/** The system user of a service. */
export interface ServiceUser {
  readonly name: string;
  exists(): Promise<boolean>;
  /** Without a password, a shell and a home directory. */
  add(): Promise<void>;
  remove(): Promise<void>;
}

/** A user of this host, by the programs of the package `passwd` (`shadow-utils`). */
export function systemUser(name: string): ServiceUser {
  return {
    name,
    exists: async () => (await tryRun("getent", ["passwd", name])).code === 0,
    async add() {
      const nobody = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"];
      await run("useradd", ["--system", "--user-group", ...nobody, "--comment", "Warren control plane", name]);
    },
    async remove() {
      await run("userdel", [name]);
    },
  };
}
