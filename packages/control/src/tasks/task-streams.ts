import type { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { TaskMessage } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";

/** Tasks that wait in a stream whose node does not read; more than a node may have open, because given up ones stay. */
const MAX_UNREAD = 64;

/** One node's open `WatchTasks` call: a queue with one reader. */
export class TaskStream {
  readonly #unread: TaskMessage[] = [];
  #end: { readonly error: WarrenError | null } | null = null;
  #wake = (): void => {};

  get isOpen(): boolean {
    return this.#end === null;
  }

  /** @returns false when it is over, or its node does not read */
  push(task: TaskMessage): boolean {
    if (this.#end || this.#unread.length >= MAX_UNREAD) return false;
    this.#unread.push(task);
    this.#wake();
    return true;
  }

  end(error: WarrenError | null): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *read(): AsyncGenerator<TaskMessage> {
    for (;;) {
      const next = this.#unread.shift();
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return;
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** The open streams by node id. A node that lost its connection may have an old one beside its new one: the newest counts. */
export class TaskStreams {
  readonly #byNode = new Map<string, TaskStream[]>();
  readonly #waiting = new Set<{ readonly nodeId: string; readonly found: (stream: TaskStream) => void }>();

  open(nodeId: string): TaskStream {
    const stream = new TaskStream();
    this.#byNode.set(nodeId, [...(this.#byNode.get(nodeId) ?? []), stream]);
    for (const waiting of [...this.#waiting]) if (waiting.nodeId === nodeId) waiting.found(stream);
    return stream;
  }

  newest(nodeId: string): TaskStream | null {
    return this.#byNode.get(nodeId)?.findLast((stream) => stream.isOpen) ?? null;
  }

  /** The next stream that a node opens in that time, or null. */
  next(nodeId: string, clock: Clock, withinMs: number): Promise<TaskStream | null> {
    return new Promise((resolve) => {
      const settle = (stream: TaskStream | null): void => {
        cancel();
        this.#waiting.delete(waiting);
        resolve(stream);
      };
      const waiting = { nodeId, found: settle };
      const cancel = clock.after(withinMs, () => settle(null));
      this.#waiting.add(waiting);
    });
  }

  close(nodeId: string, stream: TaskStream): void {
    stream.end(null);
    const left = (this.#byNode.get(nodeId) ?? []).filter((other) => other !== stream);
    if (left.length > 0) this.#byNode.set(nodeId, left);
    else this.#byNode.delete(nodeId);
  }

  /** Ends the streams of nodes for which `refusal` has an error. */
  endWhere(refusal: (nodeId: string) => WarrenError | null): void {
    for (const [nodeId, streams] of this.#byNode) {
      const error = refusal(nodeId);
      if (error) for (const stream of streams) stream.end(error);
    }
  }
}
