import { Metadata, type ServiceError, type StatusObject, status } from "@grpc/grpc-js";
import { ERROR_CODES, type ErrorCode, EXIT, isErrorCode } from "../errors/codes.ts";
import { WarrenError } from "../errors/warren-error.ts";

/** Trailing metadata that carries our own code beside gRPC's sixteen. */
const CODE_KEY = "warren-code";

const BY_HTTP: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  409: status.FAILED_PRECONDITION,
  410: status.OUT_OF_RANGE,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
  507: status.RESOURCE_EXHAUSTED,
};

/** The gRPC status that stands for `error`; the message goes with it, so it must hold no secret. */
export function toStatus(error: WarrenError): Pick<StatusObject, "code" | "details" | "metadata"> {
  const metadata = new Metadata();
  metadata.set(CODE_KEY, error.code);
  return { code: BY_HTTP[ERROR_CODES[error.code].http] ?? status.INTERNAL, details: error.message, metadata };
}

/** Without our code the answer came from the transport, a proxy, or a program that is not Warren. */
const BY_STATUS: Readonly<Partial<Record<status, ErrorCode>>> = {
  [status.UNAVAILABLE]: "unavailable",
  [status.DEADLINE_EXCEEDED]: "unavailable",
  [status.CANCELLED]: "unavailable",
  [status.RESOURCE_EXHAUSTED]: "unavailable",
  [status.UNAUTHENTICATED]: "unauthenticated",
  [status.PERMISSION_DENIED]: "forbidden",
  [status.UNIMPLEMENTED]: "version-mismatch",
};

/**
 * The error of a failed call as one of ours.
 * @param peer who was called, for the message when nobody answered
 */
export function fromStatus(error: ServiceError, peer: string): WarrenError {
  const code = error.metadata?.get(CODE_KEY)[0];
  if (isErrorCode(code)) return new WarrenError(code, error.details, { cause: error });
  const ours = BY_STATUS[error.code] ?? "internal";
  return new WarrenError(ours, transportMessage(ours, error, peer), { cause: error });
}

function transportMessage(code: ErrorCode, error: ServiceError, peer: string): string {
  if (ERROR_CODES[code].exit === EXIT.unreachable) {
    return `the control plane at ${peer} does not answer: ${reasonOf(error)}`;
  }
  if (code === "version-mismatch") return `${peer} does not know this call: it is older than this node, or not Warren`;
  return `the control plane at ${peer} answered with gRPC status ${error.code}: ${error.details}`;
}

/** The reason without grpc-js's frame around it. */
function reasonOf(error: ServiceError): string {
  const text = error.details || error.message;
  return text.replace(/^No connection established\. Last error: (Error: )?/, "").replace(/\.? Resolution note: $/, "");
}
