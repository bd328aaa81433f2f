import { run, tryRun } from "@warren/common/runtime/run.ts";

/** By its comment (the GECOS field of passwd(5)) a user is known as one that `add` made. */
const COMMENT = "Warren control plane";

/** The system user of a service. */
export interface ServiceUser {
  readonly name: string;
  /** Somebody else's may be a person's: never run as, never removed. */
  state(): Promise<"absent" | "ours" | "foreign">;
  /** Without a password, a shell and a home directory. */
  add(): Promise<void>;
  remove(): Promise<void>;
}

/** A user of this host, by the programs of the package `passwd` (`shadow-utils`). */
export function systemUser(name: string): ServiceUser {
  return {
    name,
    async state() {
      const { code, stdout } = await tryRun("getent", ["passwd", name]);
      if (code !== 0) return "absent";
      return stdout.split(":")[4] === COMMENT ? "ours" : "foreign";
    },
    async add() {
      const nobody = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"];
      await run("useradd", ["--system", "--user-group", ...nobody, "--comment", COMMENT, name]);
    },
    async remove() {
      await run("userdel", [name]);
    },
  };
}
