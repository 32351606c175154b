/** A thread of the machines, as the page makes them of its program. @module */
import { serveShare, type SharePort } from "../../src/explorer/engine/serve_share.ts";

serveShare(globalThis as unknown as SharePort);
