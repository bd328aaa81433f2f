import { join } from "node:path";

/** Every path of a host that is set up; docs/hosts.md has the same table. */
export interface HostPaths {
  readonly etcDir: string;
  readonly agentConfig: string;
  readonly controlConfig: string;
  readonly unitDir: string;
  readonly stateDir: string;
  readonly agentData: string;
  readonly controlData: string;
  /** Of the agent. */
  readonly runDir: string;
  /** Apart from the agent's, because the user of the control plane owns it. */
  readonly controlRunDir: string;
}

/** @param root another than `/` in tests */
export function hostPaths(root = "/"): HostPaths {
  const etcDir = join(root, "etc/warren");
  const stateDir = join(root, "var/lib/warren");
  return {
    etcDir,
    agentConfig: join(etcDir, "agent.yaml"),
    controlConfig: join(etcDir, "control.yaml"),
    unitDir: join(root, "etc/systemd/system"),
    stateDir,
    agentData: join(stateDir, "agent"),
    controlData: join(stateDir, "control"),
    runDir: join(root, "run/warren"),
    controlRunDir: join(root, "run/warren-control"),
  };
}
