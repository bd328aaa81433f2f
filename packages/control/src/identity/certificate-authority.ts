import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  type webcrypto,
  X509Certificate,
} from "node:crypto";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { certificatePem, publicKeyHash } from "@warren/common/identity/certificate.ts";
import { createNodeKey } from "@warren/common/identity/node-key.ts";
import { CONTROL_SERVER_NAME, type NodeIdentity, nodeUri } from "@warren/common/identity/node-uri.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { x509 } from "./x509.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const CA_LIFETIME_MS = 3650 * DAY_MS;
/** Agents renew at a random 50–80 % of this. Short, because a stolen key is good for no longer. */
export const NODE_LIFETIME_MS = 7 * DAY_MS;
/** Made anew at every start, and again after a third of this. */
export const SERVER_LIFETIME_MS = 30 * DAY_MS;
/** Certificates start in the past, for nodes whose clock is late. */
export const BACKDATE_MS = HOUR_MS;

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** A request for a P-256 key has about 240 bytes. */
const MAX_REQUEST_BYTES = 4096;

/** Key and certificate of a CA as they are kept in a file. */
export interface CaMaterial {
  readonly keyPem: string;
  readonly certificatePem: string;
}

/** A node's request: its key, and nothing else that is in it. */
export interface CertificateRequest {
  readonly publicKeyDer: Buffer;
  /** Hex SHA-256 of the key. */
  readonly keyHash: string;
}

export interface ServerIdentity {
  readonly keyPem: string;
  /** The leaf and the CA after it: a joining node looks for the CA in the chain. */
  readonly chainPem: string;
}

/** A new CA: P-256, ten years, for nothing but signing leaves. */
export async function createCaMaterial(nowMs: number): Promise<CaMaterial> {
  const lib = await x509();
  const keyPem = createNodeKey();
  const key = createPrivateKey(keyPem);
  const keys = { privateKey: await privateKey(key), publicKey: await publicKey(spkiOf(key)) };
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: "CN=Warren cluster CA",
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_LIFETIME_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new lib.BasicConstraintsExtension(true, 0, true),
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign | lib.KeyUsageFlags.cRLSign, true),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keyPem, certificatePem: certificatePem(new Uint8Array(certificate.rawData)) };
}

/** Issues certificates. The key is held as a `CryptoKey` that cannot be exported again. */
export class CertificateAuthority {
  readonly certificate: X509Certificate;
  /** Hex SHA-256 of the CA's public key, as in every token. */
  readonly keyHash: string;
  readonly #key: webcrypto.CryptoKey;
  readonly #clock: Clock;

  private constructor(certificate: X509Certificate, key: webcrypto.CryptoKey, clock: Clock) {
    this.certificate = certificate;
    this.keyHash = publicKeyHash(certificate);
    this.#key = key;
    this.#clock = clock;
  }

  /** @throws `state-corrupt` when key and certificate cannot be read or do not belong together */
  static async open(material: CaMaterial, clock: Clock): Promise<CertificateAuthority> {
    try {
      const certificate = new X509Certificate(material.certificatePem);
      const key = createPrivateKey(material.keyPem);
      if (!certificate.checkPrivateKey(key)) throw new Error("the key is not the certificate's");
      return new CertificateAuthority(certificate, await privateKey(key), clock);
    } catch (cause) {
      throw new WarrenError("state-corrupt", `the CA cannot be used: ${(cause as Error).message}`, { cause });
    }
  }

  /** A CA that lives only as long as the process: for the simulator and for tests. */
  static async createInMemory(clock: Clock): Promise<CertificateAuthority> {
    return CertificateAuthority.open(await createCaMaterial(clock.nowMs()), clock);
  }

  /** The CA's certificate in DER. */
  get der(): Uint8Array {
    return new Uint8Array(this.certificate.raw);
  }

  /**
   * Reads a PKCS #10 request and checks that who made it has the key.
   * @throws `unauthenticated`
   */
  async readRequest(der: Uint8Array): Promise<CertificateRequest> {
    const lib = await x509();
    try {
      if (der.length === 0 || der.length > MAX_REQUEST_BYTES) throw new Error(`it has ${der.length} bytes`);
      const request = new lib.Pkcs10CertificateRequest(Uint8Array.from(der));
      const { algorithm } = request.publicKey as { algorithm: { name: string; namedCurve?: string } };
      if (algorithm.name !== "ECDSA" || algorithm.namedCurve !== "P-256") throw new Error("its key is not P-256");
      if (!(await request.verify())) throw new Error("it is not signed by its own key");
      const publicKeyDer = Buffer.from(request.publicKey.rawData);
      return { publicKeyDer, keyHash: createHash("sha256").update(publicKeyDer).digest("hex") };
    } catch (cause) {
      const why = (cause as Error).message;
      throw new WarrenError("unauthenticated", `the certificate request is refused: ${why}`, { cause });
    }
  }

  /** A node's certificate in DER. Names come from the registry, never from the request. */
  async issueNode(identity: NodeIdentity, nodeName: string, request: CertificateRequest): Promise<Uint8Array> {
    const lib = await x509();
    return this.#issue(await publicKey(request.publicKeyDer), nodeName, NODE_LIFETIME_MS, [
      new lib.ExtendedKeyUsageExtension([lib.ExtendedKeyUsage.clientAuth]),
      new lib.SubjectAlternativeNameExtension([{ type: "url", value: nodeUri(identity) }]),
    ]);
  }

  /** Key and certificate of the server itself; the key is never written down. */
  async issueServer(): Promise<ServerIdentity> {
    const lib = await x509();
    const keyPem = createNodeKey();
    const key = await publicKey(spkiOf(createPrivateKey(keyPem)));
    const der = await this.#issue(key, CONTROL_SERVER_NAME, SERVER_LIFETIME_MS, [
      new lib.ExtendedKeyUsageExtension([lib.ExtendedKeyUsage.serverAuth]),
      new lib.SubjectAlternativeNameExtension([{ type: "dns", value: CONTROL_SERVER_NAME }]),
    ]);
    return { keyPem, chainPem: certificatePem(der) + this.certificate.toString() };
  }

  async #issue(
    key: webcrypto.CryptoKey,
    commonName: string,
    lifetimeMs: number,
    extensions: InstanceType<Awaited<ReturnType<typeof x509>>["Extension"]>[],
  ): Promise<Uint8Array> {
    const lib = await x509();
    const issuer = new lib.X509Certificate(this.certificate.raw);
    const nowMs = this.#clock.nowMs();
    const certificate = await lib.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: [{ CN: [commonName] }],
      issuer: issuer.subjectName,
      notBefore: new Date(nowMs - BACKDATE_MS),
      notAfter: new Date(Math.min(nowMs + lifetimeMs, Date.parse(this.certificate.validTo))),
      signingAlgorithm: ALGORITHM,
      signingKey: this.#key,
      publicKey: key,
      extensions: [
        new lib.BasicConstraintsExtension(false, undefined, true),
        new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
        await lib.AuthorityKeyIdentifierExtension.create(issuer),
        ...extensions,
      ],
    });
    return new Uint8Array(certificate.rawData);
  }
}

/** 16 random bytes, positive (RFC 5280 §4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function privateKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), ALGORITHM, false, ["sign"]);
}

function publicKey(spki: Buffer): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey("spki", spki, ALGORITHM, true, ["verify"]);
}

function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}
