import type { Clock } from "@warren/common/runtime/clock.ts";
import type { Logger } from "pino";
import type { CertificateAuthority } from "../identity/certificate-authority.ts";
import type { Tokens } from "../identity/tokens.ts";
import type { Pool } from "../ipam/pools.ts";
import type { LiveReports } from "../live/live-reports.ts";
import type { Netmap } from "../netmap/netmap.ts";
import type { ClusterView } from "../registry/cluster-view.ts";
import type { Liveness } from "../registry/liveness.ts";
import type { Timing } from "../registry/timing.ts";
import type { Transactor } from "../registry/transactor.ts";
import type { Instances } from "./instances.ts";

/** What the operations on a cluster work with. */
export interface MeshContext {
  readonly view: ClusterView;
  readonly transactor: Transactor;
  readonly liveness: Liveness;
  readonly instances: Instances;
  readonly netmap: Netmap;
  readonly tokens: Tokens;
  readonly live: LiveReports;
  readonly ca: CertificateAuthority;
  readonly pools: readonly Pool[];
  readonly clock: Clock;
  readonly timing: Timing;
  readonly logger: Logger;
}
