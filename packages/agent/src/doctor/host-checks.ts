import { release } from "node:os";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { tryRun } from "@warren/common/runtime/run.ts";
import type { DataPlaneOptions } from "../dataplane-host/data-plane.ts";
import { addVxlanDevice, removeVxlanDevice } from "../dataplane-host/vxlan-device.ts";
import { checkTun, missingCapabilities } from "../host/preflight.ts";
import { loadLibc } from "../platform/linux/libc.ts";
import { openTun } from "../platform/linux/tun.ts";
import { openUdp } from "../platform/linux/udp.ts";
import { fail, failOf, ok, warn } from "./check-result.ts";
import type { Check } from "./doctor.ts";

/** `UDP_SEGMENT` and `UDP_GRO` came with 4.18 and 5.0, USO for TUN with 6.2. */
const FULL_SPEED = [6, 2] as const;
const LEAST = [4, 18] as const;

/** Whether this Linux has what the packet path needs, and what makes it fast. */
export function checkKernel(): Check {
  const version = release();
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const since = ([wantMajor, wantMinor]: readonly [number, number]): boolean =>
    major > wantMajor || (major === wantMajor && minor >= wantMinor);
  if (since(FULL_SPEED)) return ok("kernel", `Linux ${version}`);
  const [wantMajor, wantMinor] = FULL_SPEED;
  return since(LEAST)
    ? warn("kernel", `Linux ${version} has not all offloads`, `Linux ${wantMajor}.${wantMinor} or newer is faster`)
    : fail("kernel", `Linux ${version} is too old`, `use Linux ${LEAST.join(".")} or newer`);
}

/** Whether this process may change networks and enter namespaces. */
export function checkCapabilities(): Check {
  const missing = missingCapabilities();
  return missing.length === 0
    ? ok("capabilities", "CAP_NET_ADMIN, CAP_SYS_ADMIN")
    : fail(
        "capabilities",
        `no ${missing.join(", no ")}`,
        "run as root; a container needs --cap-add NET_ADMIN --cap-add SYS_ADMIN",
      );
}

const TOOLS = [
  ["ip", "iproute2", true],
  ["nsenter", "util-linux", true],
  ["nft", "nftables", false],
] as const;

/** `nft` is needed only where libnftables is not installed; the agent finds that out by itself. */
export async function checkTools(): Promise<Check[]> {
  return Promise.all(
    TOOLS.map(async ([program, pkg, needed]) => {
      const name = `tool ${program}`;
      if (await installed(program)) return ok(name, "installed");
      const fix = `install the package ${pkg}`;
      return needed ? fail(name, "not installed", fix) : warn(name, "not installed", fix);
    }),
  );
}

async function installed(program: string): Promise<boolean> {
  try {
    await tryRun(program, ["-V"]);
    return true;
  } catch (error) {
    if (error instanceof WarrenError && error.code === "tool-missing") return false;
    throw error;
  }
}

export async function checkTunDevice(): Promise<Check> {
  try {
    await checkTun();
    return ok("tun device", "/dev/net/tun opens");
  } catch (error) {
    return failOf("tun device", error as Error);
  }
}

/** Makes a vxlan device and removes it: only `dataplane: kernel` needs one. */
export async function checkVxlan(): Promise<Check> {
  const name = "vxlan";
  try {
    await addVxlanDevice(VXLAN_PROBE.tunName, VXLAN_PROBE);
    await removeVxlanDevice(VXLAN_PROBE.tunName);
    return ok(name, "the kernel has vxlan devices, for `dataplane: kernel`");
  } catch (error) {
    const { detail, fix } = failOf(name, error as Error);
    return warn(name, detail, fix);
  }
}

/** Never up, so port and number take nothing from anybody. */
const VXLAN_PROBE: DataPlaneOptions = {
  ...{ tunName: "wrnprobe-vxlan", underlayAddress: "127.0.0.1", port: 4789, vni: 0xff_fffe },
  ...{ vtepMac: "02:00:00:00:00:01", overlayMtu: 1280 },
};

/** Opens a TUN device and a UDP socket as the packet path would, and lets them go at once. */
export function checkOffloads(): Check[] {
  const libc = loadLibc();
  const checks: Check[] = [];
  try {
    // The kernel puts a free number in place of %d.
    const tun = openTun(libc, "wrnprobe%d");
    libc.close(tun.fd);
    checks.push(offload("offload TUN TSO", tun.tso), offload("offload TUN USO", tun.uso));
  } catch (error) {
    checks.push(failOf("offload TUN", error as Error));
  }
  const udp = openUdp(libc, parseAddress("127.0.0.1"), 0);
  libc.close(udp.fd);
  checks.push(offload("offload UDP_SEGMENT", udp.segment), offload("offload UDP_GRO", udp.gro));
  return checks;
}

function offload(name: string, present: boolean): Check {
  return present
    ? ok(name, "available")
    : warn(name, "this kernel does not have it: one system call for each packet", "use a newer kernel");
}
