import { LocalReply, type Route } from "@warren/common/api/route.ts";
import type { ControlStatus } from "@warren/common/api/types.ts";
import type { MeshCore } from "../mesh/mesh-core.ts";
import { meshView } from "./mesh-view.ts";

/** For so long everybody who asks is given the same bytes: the work does not grow with the number of those who look. */
const SAME_ANSWER_MS = 250;
/** In a large mesh for longer: no more than this part of the time goes into answers. */
const BUSY = 1 / 20;

/** `GET /v1/mesh`. To ask for it is what has the nodes report. */
export function meshRoute(core: MeshCore, status: () => ControlStatus): Route {
  let answer: { readonly body: Uint8Array; readonly goodUntilMs: number } | undefined;
  return {
    method: "GET",
    path: "/v1/mesh",
    handle: () => {
      const { live, clock } = core.context;
      live.look();
      const nowMs = clock.monotonicMs();
      if (!answer || nowMs >= answer.goodUntilMs) {
        const body = Buffer.from(`${JSON.stringify(meshView(core.context, status()))}\n`);
        const tookMs = clock.monotonicMs() - nowMs;
        answer = { body, goodUntilMs: nowMs + Math.max(SAME_ANSWER_MS, tookMs / BUSY) };
      }
      return new LocalReply(200, "application/json; charset=utf-8", answer.body);
    },
  };
}
