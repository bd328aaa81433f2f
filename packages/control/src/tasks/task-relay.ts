import { ASK_TIMEOUT_MS, MAX_OPEN_TASKS, MAX_RESULT_BYTES, MAX_TASK_BYTES } from "@warren/common/api/ask.ts";
import { didYouMean } from "@warren/common/config/did-you-mean.ts";
import { isErrorCode } from "@warren/common/errors/codes.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { randomId } from "@warren/common/identity/id.ts";
import type { AnswerTaskRequest, AskNodeRequest, TaskMessage } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import { requireMember } from "../mesh/access.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import type { NodeRecord } from "../registry/keys.ts";
import { type TaskStream, TaskStreams } from "./task-streams.ts";

/** Tasks that wait for one node's answer, whoever asked: two askers may test at the same time. */
const MAX_PER_TARGET = 2 * MAX_OPEN_TASKS;
/** Questions of the control plane's own operator. */
const MAX_OF_OPERATOR = 4 * MAX_OPEN_TASKS;
/**
 * A node does a task on, although whoever asked is gone, and for that long it counts, until it is answered: else one node, with
 * questions that it gives up at once, would have all the others busy all the time.
 */
const GIVEN_UP_MS = 30_000;
/** Of one node, given up ones included. */
const MAX_NOT_DONE = 2 * MAX_OPEN_TASKS;
/** A node that is up and takes no tasks is connecting, perhaps: after a start, or a new certificate. */
const CONNECTING_MS = 5_000;
/** A node whose stream broke may be connecting again, and answer yet. */
const LOST_STREAM_MS = 15_000;
/** Names in an error message, and its length. */
const MAX_NAMES = 20;
const MAX_MESSAGE = 2_000;

export interface TaskRelayOptions {
  readonly view: ClusterView;
  readonly clock: Clock;
}

/** A question that is under way. */
interface OpenTask {
  /** Node id; null for the operator. */
  readonly asker: string | null;
  readonly target: NodeRecord;
  readonly stream: TaskStream;
  readonly settle: (outcome: string | WarrenError) => void;
}

/** What nobody waits for any more, and its node may still be doing. */
interface GivenUp {
  readonly asker: string;
  readonly targetId: string;
  readonly forget: () => void;
}

/**
 * Hands what a node is to do in a self-test from whoever asks to that node, and its answer back. It looks into neither,
 * stores nothing, and forgets a question with its answer, its deadline, or its asker.
 *
 *     asker ── ask ──▶ open task ──▶ stream of the target ──▶ node
 *       ◀── result or error ───┴──────── answer, from that node only ──┘
 */
export class TaskRelay implements Startable {
  readonly #options: TaskRelayOptions;
  readonly #streams = new TaskStreams();
  readonly #open = new Map<string, OpenTask>();
  /** By the id of the task. */
  readonly #givenUp = new Map<string, GivenUp>();
  #unsubscribe = (): void => {};

  constructor(options: TaskRelayOptions) {
    this.#options = options;
  }

  /** Questions under way. */
  get size(): number {
    return this.#open.size;
  }

  async start(): Promise<void> {
    const { view } = this.#options;
    this.#unsubscribe = view.onChange((changed) => {
      // Who may not call any more is not handed anything either.
      if (changed === null || changed.some((key) => key.startsWith(view.nodes.prefix)))
        this.#streams.endWhere((nodeId) => this.#refusal(nodeId));
    });
  }

  /** Everything that is open ends with `unavailable`. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    const error = new WarrenError("unavailable", "the control plane is stopping");
    this.#streams.endWhere(() => error);
    for (const task of [...this.#open.values()]) task.settle(error);
    for (const { forget } of [...this.#givenUp.values()]) forget();
  }

  /**
   * @param asker node id; null for the operator of the control plane
   * @param signal aborts when nobody waits for the answer any more
   * @returns the result as the node wrote it
   * @throws what the node threw; `usage`, `not-found` with the names there are, `busy`, `unavailable`, `timeout`
   */
  async ask(asker: string | null, request: AskNodeRequest, signal?: AbortSignal): Promise<string> {
    const { node_name: name, task_json: json } = request;
    const from = asker === null ? "" : requireMember(this.#options.view, asker).name;
    if (Buffer.byteLength(json) > MAX_TASK_BYTES)
      throw new WarrenError("usage", `the task has more than ${MAX_TASK_BYTES} bytes; divide it into smaller ones`);
    const target = this.#target(name);
    this.#checkRoom(asker, target);
    const stream = await this.#streamOf(target);
    this.#checkRoom(asker, target);
    const id = randomId(20);
    const answer = this.#wait(id, { asker, target, stream }, signal);
    if (!stream.push({ id, from, task_json: json }))
      this.#open
        .get(id)
        ?.settle(new WarrenError("busy", `node ${target.name} does not take its tasks; try again later`));
    return answer;
  }

  /** What others ask of a node, until `signal` aborts. @throws `not-ready`, `node-revoked` */
  async *watch(nodeId: string, signal: AbortSignal): AsyncGenerator<TaskMessage> {
    requireMember(this.#options.view, nodeId);
    const stream = this.#streams.open(nodeId);
    const end = (): void => stream.end(null);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    try {
      yield* stream.read();
    } finally {
      signal.removeEventListener("abort", end);
      this.#streams.close(nodeId, stream);
      this.#giveUpSoon(stream);
    }
  }

  /** @throws `not-found` when that node was not asked, or nobody waits any more */
  answer(nodeId: string, request: AnswerTaskRequest): void {
    const node = requireMember(this.#options.view, nodeId);
    const task = this.#open.get(request.id);
    const givenUp = this.#givenUp.get(request.id);
    if (givenUp?.targetId === nodeId) givenUp.forget();
    // Another node's task is as good as none: an id tells nobody anything.
    if (task?.target.id !== nodeId)
      throw new WarrenError("not-found", `nobody waits for an answer of node ${node.name} to that task (any more)`);
    task.settle(outcomeOf(request, node.name));
  }

  #wait(id: string, task: Omit<OpenTask, "settle">, signal?: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: string | WarrenError): void => {
        if (!this.#open.delete(id)) return;
        cancel();
        signal?.removeEventListener("abort", abort);
        if (typeof outcome === "string") resolve(outcome);
        else reject(outcome);
      };
      const abort = (): void => {
        this.#countOn(id, task);
        settle(new WarrenError("unavailable", "whoever asked is gone"));
      };
      const cancel = this.#options.clock.after(ASK_TIMEOUT_MS, () =>
        settle(
          new WarrenError("timeout", `node ${task.target.name} did not answer within ${ASK_TIMEOUT_MS / 1000} seconds`),
        ),
      );
      this.#open.set(id, { ...task, settle });
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
    });
  }

  #countOn(id: string, { asker, target }: Pick<OpenTask, "asker" | "target">): void {
    if (asker === null) return;
    const forget = (): void => {
      cancel();
      this.#givenUp.delete(id);
    };
    const cancel = this.#options.clock.after(GIVEN_UP_MS, forget);
    this.#givenUp.set(id, { asker, targetId: target.id, forget });
  }

  #giveUpSoon(stream: TaskStream): void {
    const lost = [...this.#open.values()].filter((task) => task.stream === stream);
    if (lost.length === 0) return;
    this.#options.clock.after(LOST_STREAM_MS, () => {
      for (const { target, settle } of lost)
        settle(
          new WarrenError(
            "unavailable",
            `node ${target.name} was lost before it answered: its agent ended, or its way to the control plane broke`,
          ),
        );
    });
  }

  #target(name: string): NodeRecord {
    const { view } = this.#options;
    const found = view.nodes.get(view.names.get(name) ?? "");
    if (found?.joined && !found.foreign) return found;
    if (found?.foreign)
      throw new WarrenError("not-found", `${name} is a foreign peer: it has no agent that could be asked`);
    const names = view.nodes
      .values()
      .filter((node) => node.joined && !node.foreign)
      .map((node) => node.name)
      .sort();
    const more = names.length > MAX_NAMES ? `; "warren nodes" lists all ${names.length}` : didYouMean(name, names);
    throw new WarrenError("not-found", `there is no node ${JSON.stringify(name)}${more}`);
  }

  #checkRoom(asker: string | null, target: NodeRecord): void {
    const open = [...this.#open.values()];
    const ofAsker = open.filter((task) => task.asker === asker).length;
    const limit = asker === null ? MAX_OF_OPERATOR : MAX_OPEN_TASKS;
    if (ofAsker >= limit)
      throw new WarrenError("busy", `${ofAsker} questions wait for their answer; ask the next after one of these`);
    const notDone = ofAsker + [...this.#givenUp.values()].filter((task) => task.asker === asker).length;
    if (asker !== null && notDone >= MAX_NOT_DONE)
      throw new WarrenError(
        "busy",
        `${notDone} questions, given up ones among them, are not done yet; try again later`,
      );
    if (open.filter((task) => task.target.id === target.id).length >= MAX_PER_TARGET)
      throw new WarrenError("busy", `node ${target.name} has ${MAX_PER_TARGET} tasks to do already; try again later`);
  }

  async #streamOf(target: NodeRecord): Promise<TaskStream> {
    const { view, clock } = this.#options;
    const isDown = (): boolean => view.heard.get(target.id)?.state !== "ready";
    const newest = this.#streams.newest(target.id);
    const stream = newest ?? (isDown() ? null : await this.#streams.next(target.id, clock, CONNECTING_MS));
    if (stream) return stream;
    throw new WarrenError(
      "unavailable",
      isDown()
        ? `node ${target.name} is down: ${this.#lastHeard(target)}; look at its agent`
        : `node ${target.name} takes no tasks: its agent (version ${target.version || "unknown"}) is older than ` +
            "self-tests, or is gone or just connecting",
    );
  }

  #lastHeard({ id }: NodeRecord): string {
    const heard = this.#options.view.heard.get(id);
    if (!heard) return "the control plane has not heard of it yet";
    return `the control plane last heard of it at ${new Date(heard.lastSeenMs).toISOString()}`;
  }

  #refusal(nodeId: string): WarrenError | null {
    try {
      requireMember(this.#options.view, nodeId);
      return null;
    } catch (error) {
      return WarrenError.from(error);
    }
  }
}

/** What an error says of the node it comes from goes before it; a defect there is none of the control plane. */
function outcomeOf({ result_json: json, error_code: code, error_message: message }: AnswerTaskRequest, node: string) {
  if (code !== "") {
    const known = isErrorCode(code) && code !== "internal";
    return known
      ? new WarrenError(code, `${node}: ${message.slice(0, MAX_MESSAGE)}`)
      : new WarrenError("unavailable", `${node} could not do it, for a reason that is in the log of its agent`);
  }
  if (Buffer.byteLength(json) <= MAX_RESULT_BYTES) return json;
  return new WarrenError(
    "usage",
    `the answer of ${node} has more than ${MAX_RESULT_BYTES} bytes; ask for less at once`,
  );
}
