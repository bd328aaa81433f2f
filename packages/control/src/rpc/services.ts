import type { handleServerStreamingCall, handleUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type {
  AnswerTaskRequest,
  AskNodeRequest,
  AskNodeResponse,
  EnrollRequest,
  EnrollResponse,
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
} from "@warren/common/rpc/messages.ts";
import { toStatus } from "@warren/common/rpc/status.ts";
import type { MeshCore } from "../mesh/mesh-core.ts";
import { errorAtEdge } from "../store/error-at-edge.ts";
import { authenticate, type Caller, type DateError } from "./authenticate.ts";

/** Told of the end of every call, for metrics and the log. */
export type CallObserver = (method: string, error: WarrenError | null, startedMs: number) => void;

/** Handlers of the Enrollment service: the one call that needs no certificate. */
export function enrollmentHandlers(core: MeshCore, observe: CallObserver) {
  const handle: handleUnaryCall<EnrollRequest, EnrollResponse> = (call, callback) => {
    void answer("Enroll", observe, () => core.enroll(call.request)).then(
      (response) => callback(null, response),
      (error: WarrenError) => callback(toStatus(error)),
    );
  };
  return { Enroll: handle };
}

/** Handlers of the Mesh service. A method cannot be added here without authentication: `unary` and `watch` do it. */
export function meshHandlers(core: MeshCore, observe: CallObserver, dateError: DateError) {
  const unary =
    <Request, Response>(
      method: string,
      run: (caller: Caller, request: Request, gone: AbortSignal) => Promise<Response>,
    ): handleUnaryCall<Request, Response> =>
    (call, callback) => {
      const gone = new AbortController();
      call.once("cancelled", () => gone.abort());
      void answer(method, observe, () =>
        run(authenticate(call, core.context, dateError), call.request, gone.signal),
      ).then(
        (response) => callback(null, response),
        (error: WarrenError) => callback(toStatus(error)),
      );
    };
  const watch =
    <Request, Response>(
      method: string,
      run: (caller: Caller, request: Request, end: AbortSignal) => AsyncIterable<Response>,
    ): handleServerStreamingCall<Request, Response> =>
    (call) => {
      void answer(method, observe, async () => {
        const caller = authenticate(call, core.context, dateError);
        await sendAll(core, call, caller, (end) => run(caller, call.request, end));
      }).then(
        () => call.end(),
        (error: WarrenError) => call.emit("error", toStatus(error)),
      );
    };
  return {
    Register: unary<RegisterRequest, RegisterResponse>("Register", ({ nodeId }, request) =>
      core.as(nodeId).register(request),
    ),
    Heartbeat: unary<HeartbeatRequest, HeartbeatResponse>("Heartbeat", ({ nodeId }, request) =>
      core.as(nodeId).heartbeat(request),
    ),
    WatchNetmap: watch<WatchNetmapRequest, NetmapUpdate>("WatchNetmap", ({ nodeId }, request, end) =>
      core.as(nodeId).watchNetmap(request, end),
    ),
    RenewCertificate: unary<RenewCertificateRequest, RenewCertificateResponse>(
      "RenewCertificate",
      ({ nodeId }, request) => core.as(nodeId).renewCertificate(request),
    ),
    SetPairCipher: unary<SetPairCipherRequest, object>("SetPairCipher", async ({ nodeId }, request) => {
      await core.as(nodeId).setPairCipher(request);
      return {};
    }),
    Leave: unary<LeaveRequest, object>("Leave", async ({ nodeId }, request) => {
      await core.as(nodeId).leave(request);
      return {};
    }),
    Report: unary<ReportRequest, object>("Report", async ({ nodeId }, request) => {
      await core.as(nodeId).report(request);
      return {};
    }),
    AskNode: unary<AskNodeRequest, AskNodeResponse>("AskNode", ({ nodeId }, request, gone) =>
      core.as(nodeId).askNode(request, gone),
    ),
    WatchTasks: watch<object, TaskMessage>("WatchTasks", ({ nodeId }, _, end) => core.as(nodeId).watchTasks(end)),
    AnswerTask: unary<AnswerTaskRequest, object>("AnswerTask", async ({ nodeId }, request) => {
      await core.as(nodeId).answerTask(request);
      return {};
    }),
  };
}

async function answer<T>(method: string, observe: CallObserver, run: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  try {
    // `await` also for what `run` throws at once.
    const response = await run();
    observe(method, null, startedMs);
    return response;
  } catch (thrown) {
    const error = errorAtEdge(thrown);
    observe(method, error, startedMs);
    // A defect is ours to read in the log, not the caller's.
    throw error.code === "internal" ? new WarrenError("internal", "a defect in the control plane; see its log") : error;
  }
}

/** Writes what a watch brings until it ends, the caller goes away, or its certificate is over. */
async function sendAll<Response>(
  core: MeshCore,
  call: ServerWritableStream<unknown, Response>,
  { expiresMs }: Caller,
  watch: (end: AbortSignal) => AsyncIterable<Response>,
): Promise<void> {
  const { clock } = core.context;
  const end = new AbortController();
  const stop = () => end.abort();
  call.once("cancelled", stop);
  call.once("close", stop);
  let expired = false;
  const cancelExpiry = clock.after(Math.min(expiresMs - clock.nowMs(), MAX_TIMER_MS), () => {
    expired = true;
    stop();
  });
  try {
    for await (const update of watch(end.signal)) {
      // The next update is made only when this one has left: what changes meanwhile is merged into it.
      if (!call.write(update)) await drained(call, end.signal);
    }
  } finally {
    cancelExpiry();
  }
  if (expired) throw new WarrenError("unauthenticated", "the caller's certificate ended; connect again with a new one");
}

/** Longer delays overflow the timer and fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.removeListener("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    if (signal.aborted) return resolve();
    call.once("drain", done);
    signal.addEventListener("abort", done);
  });
}
