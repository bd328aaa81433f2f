import { WarrenError } from "../errors/warren-error.ts";
import { formatAddress, parseAddress } from "./address.ts";

export interface Endpoint {
  /** Canonical IP address, without brackets, or a DNS name in lower case. */
  readonly host: string;
  readonly port: number;
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*$/;
/** A last label like these makes the resolver read the whole name as a number: `10.1`, `0x7f.1` (inet_aton). */
const NUMERIC_END = /(^|\.)(\d+|0x[0-9a-f]*)$/;

/**
 * Reads `10.0.0.1:7443`, `[fd00::1]:7443` or `control.example:7443`.
 *
 * @param options.listen Port 0 is allowed: the kernel picks a free one.
 * @throws WarrenError `address-invalid`
 */
export function parseEndpoint(text: string, options: { readonly listen?: boolean } = {}): Endpoint {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const lowest = options.listen ? 0 : 1;
  if (!match || port < lowest || port > 65535) {
    throw invalid(text, `expected HOST:PORT, such as 10.0.0.1:7443 or [fd00::1]:7443, with a port ${lowest}-65535`);
  }
  const [, bracketed, plain = ""] = match;
  if (bracketed !== undefined) {
    if (!bracketed.includes(":")) throw invalid(text, "brackets are for IPv6 only");
    return { host: formatAddress(parseAddress(bracketed)), port };
  }
  const host = plain.toLowerCase();
  if (NUMERIC_END.test(host)) return { host: formatAddress(parseAddress(host)), port };
  if (!HOST_NAME.test(host)) throw invalid(text, `${JSON.stringify(plain)} is neither an IP address nor a DNS name`);
  return { host, port };
}

/** The other way: puts an IPv6 host into brackets. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(":") ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

function invalid(text: string, expected: string): WarrenError {
  return new WarrenError("address-invalid", `${JSON.stringify(text)} is not an endpoint: ${expected}`);
}
