import type {
  HeartbeatRequest,
  HeartbeatResponse,
  LeaveRequest,
  NetmapUpdate,
  RegisterRequest,
  RegisterResponse,
  RenewCertificateRequest,
  RenewCertificateResponse,
  ReportRequest,
  SetPairCipherRequest,
  WatchNetmapRequest,
} from "./messages.ts";

/**
 * The Mesh service as one caller sees it. The agent talks to this interface: over gRPC in production, straight into
 * the control plane's core in the simulator. Every method throws `WarrenError`; `unavailable` when nobody answers.
 */
export interface MeshApi {
  register(request: RegisterRequest, signal?: AbortSignal): Promise<RegisterResponse>;
  heartbeat(request: HeartbeatRequest, signal?: AbortSignal): Promise<HeartbeatResponse>;
  /** Lasts until `signal` aborts (ends without error) or the connection breaks (throws `unavailable`). */
  watchNetmap(request: WatchNetmapRequest, signal: AbortSignal): AsyncIterable<NetmapUpdate>;
  renewCertificate(request: RenewCertificateRequest, signal?: AbortSignal): Promise<RenewCertificateResponse>;
  /** Another cipher than the cluster's between the caller and one peer, or the cluster's again. */
  setPairCipher(request: SetPairCipherRequest, signal?: AbortSignal): Promise<void>;
  leave(request: LeaveRequest, signal?: AbortSignal): Promise<void>;
  /** What the live page shows of the caller; only while a heartbeat's answer asks for it. */
  report(request: ReportRequest, signal?: AbortSignal): Promise<void>;
}
