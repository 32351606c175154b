/** The program of the thread that computes the network. @module */
import { type NetworkPort, serveNetwork } from "../engine/serve_network.ts";

serveNetwork(globalThis as unknown as NetworkPort);
