import { listSysctl, readSysctl, writeSysctl } from "../platform/linux/sysctl.ts";

/**
 * Makes the host a router for the families that the pods have. It stays one after the agent: others may rely on it by
 * then. A host with IPv6 forwarding stops to listen to router advertisements (RFC 4861 §6.2.1), and one that gets its
 * default route from them would lose it half an hour later; `accept_ra=2` is Linux's "and still do".
 */
export function enableForwarding({ ipv4, ipv6 }: { readonly ipv4: boolean; readonly ipv6: boolean }): void {
  if (ipv4) writeSysctl(["net", "ipv4", "ip_forward"], "1");
  if (!ipv6 || readSysctl(["net", "ipv6", "conf", "all", "forwarding"]) === "1") return;
  for (const name of listSysctl(["net", "ipv6", "conf"]))
    if (name !== "all" && readSysctl(["net", "ipv6", "conf", name, "accept_ra"]) === "1")
      writeSysctl(["net", "ipv6", "conf", name, "accept_ra"], "2");
  writeSysctl(["net", "ipv6", "conf", "all", "forwarding"], "1");
}

/**
 * The TUN device takes no part in anything but overlay packets: no router or neighbour discovery, no redirects. Reverse
 * path checks are the data plane's, which knows which peer sent a packet. They are loose and not off, because the kernel
 * takes the greater of this value and that of `all`: a host with 1 there would drop what still comes through the tunnel
 * from a peer that is routed plainly already.
 */
export function hardenTun(tun: string, ipv6: boolean): void {
  writeSysctl(["net", "ipv4", "conf", tun, "rp_filter"], "2");
  writeSysctl(["net", "ipv4", "conf", tun, "accept_redirects"], "0");
  writeSysctl(["net", "ipv4", "conf", tun, "send_redirects"], "0");
  writeSysctl(["net", "ipv6", "conf", tun, "disable_ipv6"], ipv6 ? "0" : "1");
  if (!ipv6) return;
  writeSysctl(["net", "ipv6", "conf", tun, "accept_ra"], "0");
  writeSysctl(["net", "ipv6", "conf", tun, "accept_redirects"], "0");
}
