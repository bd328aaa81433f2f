import type { ControlStatus, TokenCreated, TokenRequest } from "@warren/common/api/types.ts";
import { loadConfig } from "@warren/common/config/load-config.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatEndpoint, parseEndpoint } from "@warren/common/net/endpoint.ts";
import { controlConfigSchema } from "@warren/control/app/control-config.ts";
import { call } from "../client/local-api.ts";
import { CONTROL_FLAGS, INIT_KEPT } from "../command-flags.ts";
import { type CommandContext, print } from "../context.ts";
import type { Settings } from "../host-setup/config-file.ts";
import { CONTROL_USER } from "../host-setup/control-unit.ts";
import { defaultAddress } from "../host-setup/host-address.ts";
import { hostPaths } from "../host-setup/host-paths.ts";
import { type ControlWorld, initControl, isControlHost, removeControl } from "../host-setup/init-control.ts";
import { interruptible } from "../host-setup/interruptible.ts";
import { formatJoinLine } from "../host-setup/join-line.ts";
import { checkReachable, findLauncher } from "../host-setup/launcher.ts";
import { linuxSystemd } from "../host-setup/linux-systemd.ts";
import { systemUser } from "../host-setup/service-user.ts";
import { tokenRequest } from "../input/token-request.ts";
import { formatUntil } from "../output/human.ts";

export async function run(given: CommandContext): Promise<void> {
  const paths = hostPaths();
  const context = { ...given, runDir: paths.controlRunDir };
  const request = tokenRequest(context);
  if (process.getuid?.() !== 0)
    throw new WarrenError(
      "not-root",
      "a control plane is set up by root: it makes a user and a service; run it with sudo",
    );
  if (!linuxSystemd.isRunning())
    throw new WarrenError(
      "tool-missing",
      "systemd does not run here; start `warren control` under what runs services here, then `warren token create`",
    );
  const host = { paths, systemd: linuxSystemd, user: systemUser(CONTROL_USER), progress: context.note };
  if (context.flags["remove"] === true) return remove(context, { ...host, signal: new AbortController().signal });

  const launcher = findLauncher();
  checkReachable(launcher, { who: `the user ${CONTROL_USER}`, isRoot: false, hasOwnHomes: true });
  const settings = isControlHost(paths) ? {} : await settingsOf(context);
  const plan = { settings, flags: CONTROL_FLAGS, launcher };
  const isNew = await interruptible((signal) => initControl(plan, { ...host, signal }));
  if (isNew) await tellJoinLine(context, request);
  else await tellWhatIsThere(context);
}

/** What goes into control.yaml, checked as `warren control` will. */
async function settingsOf(context: CommandContext): Promise<Settings> {
  const given = Object.fromEntries(INIT_KEPT.map((name) => [name, context.flags[name]]));
  const { values } = await loadConfig({ schema: controlConfigSchema, flags: { ...given, advertise: undefined } });
  const advertise = await advertised(given["advertise"], parseEndpoint(values.listen).port);
  const wanted = { ...given, "run-dir": hostPaths().controlRunDir, advertise };
  const { values: checked } = await loadConfig({ schema: controlConfigSchema, flags: wanted });
  const names = Object.keys(wanted).filter((name) => wanted[name as keyof typeof wanted] !== undefined);
  return Object.fromEntries(names.map((name) => [name, checked[name as keyof typeof checked] as string]));
}

/** `HOST:PORT` that hosts reach; the port is the one agents connect to unless another is given. */
async function advertised(given: unknown, port: number): Promise<string> {
  if (typeof given === "string") {
    const hasPort = /^(\[.*\]|[^:]*):\d+$/.test(given);
    if (hasPort) return formatEndpoint(parseEndpoint(given));
    const host = given.includes(":") && !given.startsWith("[") ? `[${given}]` : given;
    return formatEndpoint(parseEndpoint(`${host}:${port}`));
  }
  const address = await defaultAddress();
  if (address === null)
    throw new WarrenError(
      "usage",
      "this host has no default route; say with --advertise HOST which of its addresses hosts reach",
    );
  return formatEndpoint({ host: address, port });
}

/** On standard output the line alone: what is pasted on the hosts. */
async function tellJoinLine(context: CommandContext, request: TokenRequest): Promise<void> {
  const { advertise, cluster } = await call<ControlStatus>(context, "control", "GET", "/v1/status");
  const created = await call<TokenCreated>(context, "control", "POST", "/v1/tokens", request);
  const line = formatJoinLine({ token: created.token, control: advertise! });
  const uses = created.uses === 1 ? "one host" : `${created.uses} hosts`;
  context.note(
    `the control plane of cluster ${cluster.id} is ready; for ${uses} within ${formatUntil(created.expires)}, as root:`,
  );
  await print(context, { ...created, advertise, line }, () => `${line}\n`);
  context.note("more tokens: warren token create");
}

async function tellWhatIsThere(context: CommandContext): Promise<void> {
  const status = await call<ControlStatus>(context, "control", "GET", "/v1/status");
  const { cluster, listen, nodes } = status;
  const flags = INIT_KEPT.filter((name) => context.flags[name] !== undefined);
  if (flags.length > 0) context.note(`not changed: ${flags.join(", ")}; that is done in ${hostPaths().controlConfig}`);
  await print(
    context,
    status,
    () =>
      `the control plane of cluster ${cluster.id} is here already and runs: listens on ${listen}, ${nodes.ready} nodes ready, ${nodes.down} down\n` +
      "a join line for another host: warren token create\n",
  );
}

async function remove(context: CommandContext, world: ControlWorld): Promise<void> {
  if (!isControlHost(world.paths))
    throw new WarrenError("not-found", "`warren init` has not set up a control plane on this host");
  if (context.flags["yes"] !== true)
    throw new WarrenError(
      "usage",
      "this ends the cluster: its CA, leases and tokens are removed for good, and every node has to join another one. If that is meant: warren init --remove --yes",
    );
  const removed = await removeControl(world);
  await print(
    context,
    { removed },
    () => `${removed.map((thing) => `removed ${thing}\n`).join("")}the control plane is gone\n`,
  );
}
