import { useEffect, useState } from "preact/hooks";
import { fetchMesh } from "../feed/fetch-mesh.ts";
import { type FeedState, MeshFeed } from "../feed/mesh-feed.ts";
import { extendHistories, type Histories } from "../model/history.ts";

/** What the page shows, and when it was looked at last. Times are of `performance.now`: nobody sets that clock. */
export interface Live extends FeedState {
  readonly histories: Histories;
  readonly nowMs: number;
}

/** Follows the mesh for as long as the component is there. */
export function useMesh(): Live {
  const [live, setLive] = useState<Live>({
    ...{ mesh: null, receivedMs: 0, failure: null },
    ...{ histories: new Map(), nowMs: 0 },
  });
  useEffect(() => {
    const nowMs = () => performance.now();
    const feed = new MeshFeed({ fetchMesh, nowMs, isVisible: () => !document.hidden }, (state) => {
      setLive((before) => {
        const isNew = state.mesh !== null && state.receivedMs !== before.receivedMs;
        const histories = isNew ? extendHistories(before.histories, state.mesh, state.receivedMs) : before.histories;
        return { ...state, histories, nowMs: nowMs() };
      });
    });
    const wake = () => feed.wake();
    document.addEventListener("visibilitychange", wake);
    feed.start();
    return () => {
      document.removeEventListener("visibilitychange", wake);
      feed.stop();
    };
  }, []);
  return live;
}
