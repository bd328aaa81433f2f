import type {
  AnswerTaskRequest,
  AskNodeRequest,
  AskNodeResponse,
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
  TaskMessage,
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
  /** Lasts until the other node has answered, `ASK_TIMEOUT_MS` at most. Throws what that node threw, too. */
  askNode(request: AskNodeRequest, signal?: AbortSignal): Promise<AskNodeResponse>;
  /** What others ask of the caller; ends as `watchNetmap` does. */
  watchTasks(signal: AbortSignal): AsyncIterable<TaskMessage>;
  /** Throws `not-found` when nobody waits for that answer (any more). */
  answerTask(request: AnswerTaskRequest, signal?: AbortSignal): Promise<void>;
}
