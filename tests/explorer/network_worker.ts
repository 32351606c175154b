/** A thread of the network, as the page makes it of its program. @module */
import { type NetworkPort, serveNetwork } from "../../src/explorer/engine/serve_network.ts";

serveNetwork(globalThis as unknown as NetworkPort);
