import { formatDuration } from "@warren/common/report/duration.ts";
import type { Live } from "./use-mesh.ts";

/**
 * Whether what is seen is what is. The moment changes every second and is not read aloud; that it stands still is.
 */
export function Status({ live }: { readonly live: Live }) {
  const { mesh, failure, receivedMs, nowMs } = live;
  if (failure) {
    return (
      <div class="status failing" role="alert">
        <strong>The control plane does not answer</strong> since {clockTime(nowMs - failure.sinceMs)}: {failure.message}
        .{" "}
        <span aria-hidden="true">
          {mesh ? `What is shown is ${formatDuration(nowMs - receivedMs)} old. ` : ""}Trying again every second.
        </span>
      </div>
    );
  }
  if (!mesh) return <p class="status">Asking the control plane …</p>;
  return (
    <p class="status">
      <span class="mark good" role="status">
        Live
      </span>{" "}
      <span aria-hidden="true">as of {clockTime(0)}</span>
    </p>
  );
}

/** A moment of this page's clock as the user's watch shows it. */
function clockTime(agoMs: number): string {
  return new Date(Date.now() - agoMs).toLocaleTimeString("en-GB");
}
