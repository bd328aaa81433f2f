import { formatCommand, formatUnit } from "./unit-file.ts";

export const CONTROL_UNIT = "warren-control.service";

/** The user of the control plane; it owns the state, which holds the key of the CA, and nothing else. */
export const CONTROL_USER = "warren";

export interface ControlUnitOptions {
  /** Program and arguments that run `warren`, all paths absolute. */
  readonly launcher: readonly string[];
  /** Directories that Warren is read from: all that the process sees of home directories. */
  readonly readable: readonly string[];
}

/** The unit of the control plane: a user without any capability, that sees what it needs and writes to its state. */
export function controlUnit({ launcher, readable }: ControlUnitOptions): string {
  return formatUnit(
    "Written by `warren init`, removed by `warren init --remove`; for changes: systemctl edit warren-control",
    [
      {
        name: "Unit",
        lines: [
          "Description=Warren control plane: leases, tokens and the netmap of an overlay network",
          "Wants=network-online.target",
          "After=network-online.target",
          "# Tried for ever: an address to listen on may come late.",
          "StartLimitIntervalSec=0",
        ],
      },
      {
        name: "Service",
        lines: [
          "Type=notify",
          "NotifyAccess=main",
          `ExecStart=${formatCommand([...launcher, "control"])}`,
          "ExecReload=kill -HUP $MAINPID",
          "TimeoutStartSec=300",
          "TimeoutStopSec=30",
          "WatchdogSec=30",
          "WatchdogSignal=SIGKILL",
          "Restart=on-failure",
          "RestartSec=2",
          "# A configuration that cannot be used does not get better by itself.",
          "RestartPreventExitStatus=2",
          "# A connection for each node.",
          "LimitNOFILE=65536",
          "",
          `User=${CONTROL_USER}`,
          `Group=${CONTROL_USER}`,
          "UMask=0077",
          "StateDirectory=warren/control",
          "StateDirectoryMode=0700",
          "RuntimeDirectory=warren-control",
          "RuntimeDirectoryMode=0750",
          "",
          "CapabilityBoundingSet=",
          "NoNewPrivileges=yes",
          "ProtectSystem=strict",
          "# Home directories are empty, but for Warren itself if it is in one.",
          "ProtectHome=tmpfs",
          `BindReadOnlyPaths=${formatCommand(readable)}`,
          "PrivateTmp=yes",
          "PrivateDevices=yes",
          "ProtectKernelTunables=yes",
          "ProtectKernelModules=yes",
          "ProtectKernelLogs=yes",
          "ProtectControlGroups=yes",
          "ProtectClock=yes",
          "ProtectHostname=yes",
          "ProtectProc=invisible",
          "RestrictNamespaces=yes",
          "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
          "RestrictRealtime=yes",
          "RestrictSUIDSGID=yes",
          "RemoveIPC=yes",
          "LockPersonality=yes",
          "SystemCallArchitectures=native",
          "SystemCallFilter=@system-service",
          "SystemCallFilter=~@privileged @resources",
          "SystemCallErrorNumber=EPERM",
          "# No MemoryDenyWriteExecute=: V8 compiles JavaScript to machine code while it runs, and ends without.",
        ],
      },
      { name: "Install", lines: ["WantedBy=multi-user.target"] },
    ],
  );
}
