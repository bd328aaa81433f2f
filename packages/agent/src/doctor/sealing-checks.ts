import { isSealed, SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { listAeads } from "../platform/aead/aead-factory.ts";
import { fail, ok, warn } from "./check-result.ts";
import type { Check } from "./doctor.ts";
import { checkUdpPort } from "./underlay-checks.ts";

/** Whether what the packet path seals with is there. Without a cipher in the cluster nothing needs it yet. */
export async function checkCiphers(cipher: string): Promise<Check> {
  const name = "ciphers";
  const offers = (await listAeads()).filter(({ implementation }) => implementation === "openssl");
  const missing = offers.find((offer) => offer.missing !== undefined)?.missing;
  if (missing === undefined) return ok(name, `${SEALING_CIPHERS.join(", ")}, by OpenSSL`);
  const fix = "run Warren with the Node.js it is pinned to";
  return isSealed(cipher) ? fail(name, missing, fix) : warn(name, missing, fix);
}

/** The port of sealed traffic; another WireGuard may have it. Without a cipher in the cluster nothing needs it yet. */
export async function checkSealedPort(address: string, port: number, cipher: string): Promise<Check> {
  const check = await checkUdpPort(address, port, "sealed port");
  if (check.state !== "fail" || isSealed(cipher)) return check;
  return { ...check, state: "warn", detail: `${check.detail}; a cluster with a cipher needs it` };
}
