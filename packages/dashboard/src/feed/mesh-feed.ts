import type { MeshView } from "@warren/common/api/mesh-view.ts";
import { mergeMesh } from "../model/merge-mesh.ts";

/** What the feed reaches the browser with; tests give their own. Times are of a clock that nobody sets. */
export interface FeedPorts {
  readonly fetchMesh: (signal: AbortSignal) => Promise<MeshView>;
  readonly nowMs: () => number;
  readonly isVisible: () => boolean;
}

/** What is known, and how well. */
export interface FeedState {
  /** The newest picture; null before the first. */
  readonly mesh: MeshView | null;
  readonly receivedMs: number;
  /** Set from the first question that was not answered until the next that is. */
  readonly failure: FeedFailure | null;
}

export interface FeedFailure {
  readonly sinceMs: number;
  readonly message: string;
}

export const PERIOD_MS = 1000;
/** An answer that takes longer comes from a control plane that is as good as gone. */
export const TIMEOUT_MS = 5000;

/**
 * Asks for the picture of the mesh once a second while the page is seen, never two questions at once: nodes report only
 * while somebody asks, so a page in the background must cost the mesh nothing. Each change goes to `onState`.
 */
export class MeshFeed {
  private state: FeedState = { mesh: null, receivedMs: 0, failure: null };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private question: AbortController | undefined;
  private isRunning = false;
  private readonly ports: FeedPorts;
  private readonly onState: (state: FeedState) => void;

  constructor(ports: FeedPorts, onState: (state: FeedState) => void) {
    this.ports = ports;
    this.onState = onState;
  }

  start(): void {
    this.isRunning = true;
    this.wake();
  }

  /** To be called whenever the page is shown or hidden. */
  wake(): void {
    clearTimeout(this.timer);
    if (this.isRunning && this.question === undefined && this.ports.isVisible()) void this.ask();
  }

  stop(): void {
    this.isRunning = false;
    clearTimeout(this.timer);
    this.question?.abort();
  }

  private async ask(): Promise<void> {
    const askedMs = this.ports.nowMs();
    const question = new AbortController();
    this.question = question;
    const deadline = setTimeout(() => question.abort(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
    let next: FeedState;
    try {
      next = this.answered(await this.ports.fetchMesh(question.signal));
    } catch (error) {
      next = this.unanswered(question.signal.aborted ? question.signal.reason : error, askedMs);
    }
    clearTimeout(deadline);
    this.question = undefined;
    if (!this.isRunning) return;
    this.state = next;
    this.onState(next);
    // From the question on, not from the answer: a slow answer does not make the period longer.
    const waitMs = Math.max(0, askedMs + PERIOD_MS - this.ports.nowMs());
    this.timer = setTimeout(() => this.wake(), waitMs);
  }

  private answered(mesh: MeshView): FeedState {
    const receivedMs = this.ports.nowMs();
    const merged = mergeMesh(this.state.mesh, mesh, receivedMs - this.state.receivedMs);
    return { mesh: merged, receivedMs, failure: null };
  }

  private unanswered(error: unknown, askedMs: number): FeedState {
    const message = error instanceof Error ? error.message : String(error);
    return { ...this.state, failure: { sinceMs: this.state.failure?.sinceMs ?? askedMs, message } };
  }
}
