import { formatCommand, formatUnit } from "./unit-file.ts";

export const AGENT_UNIT = "warren-agent.service";

/**
 * What the agent may do, and why; found by taking one after the other away until something failed. `e2e/hosts` runs with it.
 * Programs that the agent starts in pods have no more than this.
 */
const AGENT_CAPABILITIES: readonly (readonly [name: string, why: string])[] = [
  ["CAP_NET_ADMIN", "devices, addresses, routes, nftables, settings of the network"],
  ["CAP_NET_RAW", "the look for a second owner of the underlay address, captures, iptables; ping in pods"],
  ["CAP_NET_BIND_SERVICE", "pods' programs that serve a port below 1024"],
  ["CAP_SYS_ADMIN", "network namespaces: make, enter, and name them in the machine's mounts"],
  ["CAP_SYS_CHROOT", "enters the machine's mount namespace, from the private one that ProtectSystem= gives"],
  ["CAP_SYS_PTRACE", "finds that namespace, and the processes that are in a pod"],
  ["CAP_KILL", "ends pods' processes of other users"],
];

export interface AgentUnitOptions {
  /** Program and arguments that run `warren`, all paths absolute. */
  readonly launcher: readonly string[];
}

/**
 * The unit of the agent. It is root, and not a user of its own: with CAP_SYS_ADMIN and CAP_SYS_PTRACE that user would be
 * root in all but its name, and the files of `ip netns` belong to root.
 */
export function agentUnit({ launcher }: AgentUnitOptions): string {
  return formatUnit("Written by `warren join`, removed by `warren leave`; for changes: systemctl edit warren-agent", [
    {
      name: "Unit",
      lines: [
        "Description=Warren agent: this host as a node of the overlay network",
        "Wants=network-online.target modprobe@tun.service",
        "After=network-online.target modprobe@tun.service warren-control.service",
        "# Tried for ever: a host whose network comes an hour late joins then.",
        "StartLimitIntervalSec=0",
      ],
    },
    {
      name: "Service",
      lines: [
        "Type=notify",
        "NotifyAccess=main",
        `ExecStart=${formatCommand([...launcher, "agent"])}`,
        "ExecReload=kill -HUP $MAINPID",
        "TimeoutStartSec=300",
        "TimeoutStopSec=30",
        "WatchdogSec=30",
        "# What hangs does not answer to anything less; the next start repairs what it left.",
        "WatchdogSignal=SIGKILL",
        "Restart=on-failure",
        "RestartSec=2",
        "# A configuration that cannot be used (2) and a node that was shut out (5) do not get better by themselves.",
        "RestartPreventExitStatus=2 5",
        "",
        "# Pods, and the programs in them, outlive their agent. They are in this control group and count here.",
        "KillMode=process",
        "TasksMax=infinity",
        "OOMPolicy=continue",
        "LimitNOFILE=65536",
        "",
        ...AGENT_CAPABILITIES.map(([name, why]) => `# ${name}: ${why}`),
        `CapabilityBoundingSet=${AGENT_CAPABILITIES.map(([name]) => name).join(" ")}`,
        "NoNewPrivileges=yes",
        "DevicePolicy=closed",
        "DeviceAllow=/dev/net/tun rw",
        "",
        "# /usr, /boot and /etc read-only. No PrivateTmp=, ProtectHome= and stricter: pods' programs see these directories.",
        "ProtectSystem=full",
        "# No ProtectKernelTunables=: it sets ip_forward, and the settings of its devices.",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectControlGroups=yes",
        "ProtectClock=yes",
        "ProtectHostname=yes",
        "RestrictNamespaces=net mnt",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service @mount",
        "SystemCallErrorNumber=EPERM",
        "# No MemoryDenyWriteExecute=: V8 compiles JavaScript to machine code while it runs, and ends without.",
      ],
    },
    { name: "Install", lines: ["WantedBy=multi-user.target"] },
  ]);
}
